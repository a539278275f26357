/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Session ids: signed, for one principal, for a time. */
#include "services/gateway/mcp_session.h"

#include <criterion/criterion.h>

static const uint8_t seed[32] = {1, 2, 3}, other_seed[32] = {4};
static const struct principal ann = {.user = "ann", .realm = "one"}, bob = {.user = "bob", .realm = "one"},
                              far = {.user = "ann", .realm = "two"}, glued = {.user = "nn", .realm = "onea"};
static const struct uuid nonce = {{9, 8, 7}};
static struct mcp_sessions sessions;
static char id[MCP_SESSION_SIZE];

static void start(void)
{
    mcp_sessions_init(&sessions, NULL, seed);
    mcp_session_write(&sessions, &ann, &nonce, 1000, id);
}
TestSuite(mcp_session, .init = start);

static bool valid(const struct principal *who, uint64_t now_s)
{
    return mcp_session_valid(&sessions, who, slice_text(id), now_s);
}

Test(mcp_session, is_good_for_a_day)
{
    cr_assert(valid(&ann, 1000));
    cr_assert(valid(&ann, 1000 + MCP_SESSION_S - 1));
    cr_assert_not(valid(&ann, 1000 + MCP_SESSION_S));
}

Test(mcp_session, is_its_principals_alone)
{
    cr_assert_not(valid(&bob, 1000));
    cr_assert_not(valid(&far, 1000));
    cr_assert_not(valid(&glued, 1000));
}

Test(mcp_session, cannot_be_changed)
{
    for (size_t i = 0; i < MCP_SESSION_SIZE - 1; i++) {
        char kept = id[i];
        id[i] = kept == '0' ? '1' : '0';
        cr_assert_not(valid(&ann, 0), "at %zu", i);
        id[i] = kept;
    }
    cr_assert(valid(&ann, 1000));
}

Test(mcp_session, other_texts_are_none)
{
    cr_assert_not(mcp_session_valid(&sessions, &ann, (struct slice){0}, 0));
    cr_assert_not(mcp_session_valid(&sessions, &ann, slice_of(id, MCP_SESSION_SIZE - 2), 0));
    cr_assert_not(mcp_session_valid(&sessions, &ann, slice_of(id, MCP_SESSION_SIZE), 0));
}

Test(mcp_session, is_gone_when_it_is_ended)
{
    char second[MCP_SESSION_SIZE];
    const struct uuid another = {{5}};
    mcp_session_write(&sessions, &ann, &another, 1000, second);
    mcp_session_end(&sessions, slice_text(id));
    cr_assert_not(valid(&ann, 1000));
    cr_assert(mcp_session_valid(&sessions, &ann, slice_text(second), 1000));
}

Test(mcp_session, ended_ones_are_remembered_up_to_a_limit)
{
    char more[MCP_SESSION_SIZE];
    mcp_session_end(&sessions, slice_text(id));
    for (uint32_t i = 0; i < MCP_SESSION_ENDED_MAX; i++) {
        const struct uuid next = {{(uint8_t)i, (uint8_t)(i >> 8), 1}};
        cr_assert_not(valid(&ann, 1000), "after %u", i);
        mcp_session_write(&sessions, &ann, &next, 1000, more);
        mcp_session_end(&sessions, slice_text(more));
    }
    cr_assert(valid(&ann, 1000));
}

Test(mcp_session, gateways_with_one_secret_take_each_others)
{
    struct mcp_sessions one, two, none;
    mcp_sessions_init(&one, "service", seed);
    mcp_sessions_init(&two, "service", other_seed);
    mcp_sessions_init(&none, "", other_seed);
    mcp_session_write(&one, &ann, &nonce, 1000, id);
    cr_assert(mcp_session_valid(&two, &ann, slice_text(id), 1000));
    cr_assert_not(mcp_session_valid(&none, &ann, slice_text(id), 1000));
    cr_assert_not(valid(&ann, 1000));
}
