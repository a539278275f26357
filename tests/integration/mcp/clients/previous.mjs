// Copyright 2026 The Fluvius Authors.
// SPDX-License-Identifier: Apache-2.0
//
// node previous.mjs URL IDENTIFIER legacy [TOKEN]: the story by the previous line of the TypeScript SDK.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { story } from './story.mjs'

const [url, identifier, , token] = process.argv.slice(2)
const client = new Client({ name: 'test', version: '1.0.0' })
const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
await client.connect(transport)
await story(client, identifier, transport.protocolVersion)
