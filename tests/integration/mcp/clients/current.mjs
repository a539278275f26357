// Copyright 2026 The Fluvius Authors.
// SPDX-License-Identifier: Apache-2.0
//
// node current.mjs URL IDENTIFIER MODE [TOKEN]: the story by the current line of the TypeScript SDK; MODE is legacy or auto.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { story } from './story.mjs'

const [url, identifier, mode, token] = process.argv.slice(2)
const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
await client.connect(transport)

// Listens to the account, then changes it.
async function listen(uri, call) {
    const changed = new Promise((resolve) =>
        client.setNotificationHandler('notifications/resources/updated', (told) => resolve(told.params.uri)))
    const subscription = await client.listen({ resourceSubscriptions: [uri] })
    await call('bank_deposit', { identifier, data: { amount: 1 } })
    const seen = { changed: await changed }
    await subscription.close()
    return seen
}

await story(client, identifier, client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion,
    mode === 'auto' ? listen : undefined)
