/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Metrics and their Prometheus text. */
#include "services/common/metrics.h"

#include <criterion/criterion.h>

static const char *printed(const struct metric *metrics, size_t count, const char *extra)
{
    static char text[16384];
    struct buffer out = {0};

    metrics_print(metrics, count, extra, &out);
    cr_assert_lt(out.size, sizeof text);
    memcpy(text, out.data, out.size);
    text[out.size] = '\0';
    buffer_fini(&out);
    return text;
}

Test(metrics, one_name_has_one_head_and_a_sample_for_each_label)
{
    struct metric metrics[] = {
        {.name = "fluvius_commands_total", .help = "Decided.", .labels = "status=\"ok\"", .kind = METRIC_COUNTER},
        {.name = "fluvius_commands_total", .help = "Decided.", .labels = "status=\"busy\"", .kind = METRIC_COUNTER},
        {.name = "fluvius_actors", .help = "Now in memory.", .kind = METRIC_GAUGE},
    };

    metric_add(&metrics[0], 3);
    metric_add(&metrics[0], 4);
    metric_set(&metrics[2], 5);
    metric_set(&metrics[2], -2);
    cr_assert_str_eq(printed(metrics, 3, "shard=\"0\""),
                     "# HELP fluvius_commands_total Decided.\n"
                     "# TYPE fluvius_commands_total counter\n"
                     "fluvius_commands_total{status=\"ok\",shard=\"0\"} 7\n"
                     "fluvius_commands_total{status=\"busy\",shard=\"0\"} 0\n"
                     "# HELP fluvius_actors Now in memory.\n"
                     "# TYPE fluvius_actors gauge\n"
                     "fluvius_actors{shard=\"0\"} -2\n");
    cr_assert_not_null(strstr(printed(metrics, 3, NULL), "\nfluvius_actors -2\n"));
}

Test(metrics, histogram_counts_into_powers_of_two_and_prints_seconds)
{
    struct metric metric = {.name = "fluvius_commit_seconds", .help = "Commit.", .kind = METRIC_HISTOGRAM_US};
    const int64_t observed[] = {0, 1, 2, 3, 4, 5, 2097152, 2097153, -5};
    const char *text;

    for (size_t i = 0; i < sizeof observed / sizeof *observed; i++) {
        metric_observe_us(&metric, observed[i]);
    }
    text = printed(&metric, 1, NULL);
    cr_expect_not_null(strstr(text, "# TYPE fluvius_commit_seconds histogram\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_bucket{le=\"0.000001\"} 3\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_bucket{le=\"0.000002\"} 4\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_bucket{le=\"0.000004\"} 6\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_bucket{le=\"0.000008\"} 7\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_bucket{le=\"1.048576\"} 7\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_bucket{le=\"2.097152\"} 8\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_bucket{le=\"+Inf\"} 9\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_sum 4.194320\n"));
    cr_expect_not_null(strstr(text, "fluvius_commit_seconds_count 9\n"));
}
