/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the runtime promises, written down as plainly as can be: arrays, searched from end to end, no links, no memory
 * to manage. It takes the same calls as the world and writes the same log. Slow, and meant to be read beside runtime.h.
 */
#ifndef TESTS_RUNTIME_MODEL_H
#define TESTS_RUNTIME_MODEL_H

#include "tests/unit/libactor/runtime/world.h"

struct model;

/* config with every bound given: the model has no defaults. */
struct model *model_new(struct runtime_config config);
void model_free(struct model **model);

enum runtime_result model_order(struct model *model, char to, struct order order);
uint64_t model_run(struct model *model, uint64_t now_us, uint64_t budget);
void model_activated(struct model *model, char letter);
void model_failed(struct model *model, char letter);
void model_suspend(struct model *model, char letter);
void model_resume(struct model *model, char letter);
void model_reset(struct model *model, char letter);
void model_stop(struct model *model, char letter);
void model_set_bytes(struct model *model, char letter, uint64_t bytes);
void model_start_timer(struct model *model, char letter, uint64_t due_us, struct order order);
bool model_cancel_timer(struct model *model, int number);
void model_set_activation(struct model *model, char letter, enum activation activation);
void model_set_vetoes(struct model *model, char letter, bool vetoes);

bool model_exists(const struct model *model, char letter);
bool model_waits(const struct model *model, char letter); /* for model_activated */
uint64_t model_next_us(const struct model *model, uint64_t now_us);
struct runtime_stats model_stats(const struct model *model);
const char *model_log(const struct model *model);
void model_clear_log(struct model *model);

#endif
