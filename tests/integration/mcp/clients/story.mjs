// Copyright 2026 The Fluvius Authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an agent does, by one of the official TypeScript clients: the same story for each line of them. Prints what it saw
// as one JSON object.

async function every(client, method, key) {
    const found = []
    let cursor
    do {
        const page = await client[method](cursor === undefined ? {} : { cursor })
        found.push(...page[key])
        cursor = page.nextCursor
    } while (cursor !== undefined)
    return found
}

// A refusal is a result with isError; what the protocol refuses throws.
async function refused(action) {
    try {
        await action()
    } catch (error) {
        return error.code ?? String(error)
    }
    return null
}

// more: what only this line of the SDK can do, told under its own name.
export async function story(client, identifier, version, more) {
    const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent
    const uri = `fluvius://bank/account/${identifier}`
    const holder = { given: 'Ada', family: 'Lovelace' }
    const tools = await every(client, 'listTools', 'tools')
    const found = async (position) =>
        call('bank_account_query', { query: { '_id.eq': identifier, 'balance.gte': 500 }, at_least: position })
    const seen = {
        version,
        tools: tools.map((tool) => tool.name),
        opened: await call('bank_open', { identifier, data: { holder } }),
        deposited: await call('bank_deposit', { identifier, data: { amount: 500 }, expected_version: 1 }),
        dry: await call('bank_withdraw', { identifier, dry_run: true, data: { amount: 30 } }),
        after: await call('bank_account_get', { identifier }),
        events: await call('bank_account_events', { identifier }),
        rejected: await client.callTool({ name: 'bank_withdraw', arguments: { identifier, data: { amount: 501 } } }),
        unknown: await refused(() => client.callTool({ name: 'bank_nothing', arguments: {} })),
        resources: (await every(client, 'listResources', 'resources')).map((resource) => resource.uri),
        templates: (await every(client, 'listResourceTemplates', 'resourceTemplates')).map((item) => item.uriTemplate),
        state: JSON.parse((await client.readResource({ uri })).contents[0].text),
        missing: await refused(() => client.readResource({ uri: uri + '-nobody' })),
        prompts: (await every(client, 'listPrompts', 'prompts')).map((prompt) => prompt.name),
        prompt: (await client.getPrompt({ name: 'describe_bank' })).messages[0].content.text,
        completion: (await client.complete({
            ref: { type: 'ref/prompt', name: 'use_commands_safely' },
            argument: { name: 'tool', value: 'bank_o' },
        })).completion.values,
    }
    seen.found = await found(seen.deposited.position)
    Object.assign(seen, await more?.(uri, call))
    await client.close()
    console.log(JSON.stringify(seen))
}
