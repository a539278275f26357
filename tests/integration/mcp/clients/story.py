# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""story.py URL IDENTIFIER MODE: what an agent does, by the official Python client; MODE is legacy or auto. Prints what it
saw as one JSON object."""
import asyncio
import json
import sys

from mcp import Client


async def refused(action):
    """What the protocol refuses is raised."""
    try:
        await action
    except Exception as error:
        return getattr(getattr(error, "error", None), "code", None) or str(error)
    return None


async def story(client, identifier):
    async def call(name, **arguments):
        return await client.call_tool(name, arguments)

    async def content(name, **arguments):
        return (await call(name, **arguments)).structured_content
    uri = f"fluvius://bank/account/{identifier}"
    holder = {"given": "Ada", "family": "Lovelace"}
    seen = {"version": client.protocol_version,
            "tools": [tool.name for tool in (await client.list_tools()).tools],
            "opened": await content("bank_open", identifier=identifier, data={"holder": holder}),
            "deposited": await content("bank_deposit", identifier=identifier, data={"amount": 500}, expected_version=1),
            "dry": await content("bank_withdraw", identifier=identifier, dry_run=True, data={"amount": 30}),
            "after": await content("bank_account_get", identifier=identifier),
            "events": await content("bank_account_events", identifier=identifier)}
    seen["found"] = await content("bank_account_query", query={"_id.eq": identifier, "balance.gte": 500},
                                  at_least=seen["deposited"]["position"])
    rejected = await call("bank_withdraw", identifier=identifier, data={"amount": 501})
    seen["rejected"] = {"isError": rejected.is_error, "structuredContent": rejected.structured_content}
    seen["unknown"] = await refused(call("bank_nothing"))
    seen["resources"] = [str(item.uri) for item in (await client.list_resources()).resources]
    seen["templates"] = [item.uri_template for item in (await client.list_resource_templates()).resource_templates]
    seen["state"] = json.loads((await client.read_resource(uri)).contents[0].text)
    seen["missing"] = await refused(client.read_resource(uri + "-nobody"))
    seen["prompts"] = [prompt.name for prompt in (await client.list_prompts()).prompts]
    seen["prompt"] = (await client.get_prompt("describe_bank")).messages[0].content.text
    print(json.dumps(seen))


async def main():
    url, identifier, mode = sys.argv[1:4]
    async with Client(url, mode=mode) as client:
        await story(client, identifier)


asyncio.run(main())
