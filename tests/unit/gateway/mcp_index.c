/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What agents see of the domains: names of tools are valid, alone, and do not depend on the order of descriptions. */
#include "services/gateway/mcp_index.h"

#include <stdio.h>

#include "tests/unit/gateway/talk.h"

static struct mcp_index made;
static struct buffer described;

static void finish(void)
{
    mcp_index_fini(&made);
    buffer_fini(&described);
}
TestSuite(mcp_index, .fini = finish);

static void build(const char *json)
{
    buffer_fini(&described);
    described = talk_pack(json);
    cr_assert_eq(mcp_index_build(&made, buffer_slice(&described)), 0);
}

static const struct mcp_tool *tool(const char *name)
{
    return mcp_index_tool(&made, slice_text(name));
}

#define RESOURCE(NAME, COMMAND) "{\"name\":\"" NAME "\",\"commands\":[{\"name\":\"" COMMAND "\"}]}"
#define DOMAIN(NAMESPACE, RESOURCES) "{\"namespace\":\"" NAMESPACE "\",\"resources\":[" RESOURCES "]}"

Test(mcp_index, every_command_and_read_is_a_tool)
{
    build("[" DOMAIN("bank", RESOURCE("account", "open")) "]");
    cr_assert_eq(made.tool_count, 6);
    cr_assert_eq(tool("bank_open")->kind, MCP_TOOL_COMMAND);
    cr_assert_eq(tool("bank_account_get")->kind, MCP_TOOL_STATE);
    cr_assert_eq(tool("bank_account_events")->kind, MCP_TOOL_EVENTS);
    cr_assert_eq(tool("bank_account_changes")->kind, MCP_TOOL_CHANGES);
    cr_assert_eq(tool("bank_account_query")->kind, MCP_TOOL_QUERY);
    cr_assert_eq(tool("bank_audit")->kind, MCP_TOOL_AUDIT);
    cr_assert_null(tool("bank_close"));
    cr_assert_null(tool(""));
    cr_assert_null(tool("bank_opens"));
}

Test(mcp_index, projections_can_only_be_queried)
{
    build("[{\"namespace\":\"bank\",\"resources\":[],\"projections\":[{\"name\":\"totals\"}]}]");
    cr_assert_eq(made.tool_count, 2);
    cr_assert_eq(tool("bank_totals_query")->kind, MCP_TOOL_QUERY);
    cr_assert(mcp_index_resource(&made, slice_text("bank"), slice_text("totals"))->projection);
}

Test(mcp_index, the_platforms_own_domain_is_left_out)
{
    build("[" DOMAIN("fluvius", RESOURCE("group", "create")) "]");
    cr_assert_eq(made.tool_count, 0);
    cr_assert_eq(made.domain_count, 0);
}

Test(mcp_index, commands_that_share_a_name_get_their_resource)
{
    build("[" DOMAIN("shop", RESOURCE("cart", "close") "," RESOURCE("order", "close")) "]");
    cr_assert_null(tool("shop_close"));
    cr_assert(slice_is(tool("shop_close_cart")->resource, "cart"));
    cr_assert(slice_is(tool("shop_close_order")->resource, "order"));
}

static void assert_names_valid(void)
{
    for (uint32_t i = 0; i < made.tool_count; i++) {
        const char *name = made.tools[i].name;
        cr_assert_leq(strlen(name), MCP_TOOL_NAME_MAX, "%s", name);
        cr_assert_eq(
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"), strlen(name), "%s", name);
        cr_assert(i == 0 || strcmp(made.tools[i - 1].name, name) < 0, "%s stands twice or is not sorted", name);
    }
}

Test(mcp_index, what_is_still_not_alone_ends_with_a_hash)
{
    build("[" DOMAIN("a_b", RESOURCE("c", "d")) "," DOMAIN("a", RESOURCE("c", "b_d")) "]");
    assert_names_valid();
    cr_assert_eq(made.tool_count, 12);
    cr_assert_null(tool("a_b_d"));
    cr_assert_null(tool("a_b_d_c"));
}

Test(mcp_index, a_command_may_be_named_like_a_read)
{
    build("[" DOMAIN("bank", RESOURCE("account", "account_get")) "]");
    assert_names_valid();
    cr_assert_eq(made.tool_count, 6);
    build("[" DOMAIN("bank", RESOURCE("account", "audit")) "]");
    assert_names_valid();
    cr_assert_eq(tool("bank_audit")->kind, MCP_TOOL_AUDIT);
    cr_assert_eq(tool("bank_audit_account")->kind, MCP_TOOL_COMMAND);
}

Test(mcp_index, names_do_not_depend_on_the_order_of_descriptions)
{
    char before[12][MCP_TOOL_NAME_MAX + 1];
    build("[" DOMAIN("a_b", RESOURCE("c", "d")) "," DOMAIN("a", RESOURCE("c", "b_d")) "]");
    for (uint32_t i = 0; i < 12; i++)
        strcpy(before[i], made.tools[i].name);
    build("[" DOMAIN("a", RESOURCE("c", "b_d")) "," DOMAIN("a_b", RESOURCE("c", "d")) "]");
    for (uint32_t i = 0; i < 12; i++)
        cr_assert_str_eq(before[i], made.tools[i].name);
}

Test(mcp_index, names_that_are_too_long_are_cut_and_stay_apart)
{
    static const char longer[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
    char json[1024];
    snprintf(json,
             sizeof json,
             "[{\"namespace\":\"a\",\"resources\":[{\"name\":\"r\",\"commands\":[{\"name\":\"%s1\"},{\"name\":\"%s2\"},"
             "{\"name\":\"\\u00e9 x\"}]}]}]",
             longer,
             longer);
    build(json);
    assert_names_valid();
    cr_assert_eq(made.tool_count, 8);
    cr_assert_not_null(tool("a____x"));
}

Test(mcp_index, descriptions_of_another_shape_are_no_tools)
{
    build("[]");
    build("[3, {}, {\"namespace\": 4, \"resources\": {}}, {\"namespace\": \"x\", \"resources\": [1, {\"commands\": "
          "2}]}]");
    assert_names_valid();
}
