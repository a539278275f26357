/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Times as text. */
#include "services/gateway/render.h"

#include <criterion/criterion.h>

static void assert_time(int64_t time_us, const char *text)
{
    struct buffer out = {0};
    render_time(&out, time_us);
    cr_assert(slice_is(buffer_slice(&out), text), "%.*s", (int)out.size, (const char *)out.data);
    buffer_fini(&out);
}

Test(render, times_are_utc_with_microseconds)
{
    assert_time(0, "\"1970-01-01T00:00:00.000000Z\"");
    assert_time(951782400000001, "\"2000-02-29T00:00:00.000001Z\"");
    assert_time(-1, "\"1969-12-31T23:59:59.999999Z\"");
    assert_time(1799999999123456, "\"2027-01-15T07:59:59.123456Z\"");
}
