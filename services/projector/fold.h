/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From records to rows: folds events into the states of their aggregates with the domains' own code, keeps a bounded
 * number of states in memory, takes others from their rows, and gives the rows that changed in a turn, each once. Does
 * no I/O of its own but through the writer that it is given for loading.
 *
 * A turn: fold_begin; for each page fold_page, fold_record for each record; fold_finish, which loads what was missing;
 * fold_rows; then, when they are committed, fold_keep, otherwise fold_forget, after which nothing is remembered. A turn
 * holds what its events and the rows they change take (fold_bytes); who gives the records ends it when that is enough.
 */
#ifndef PROJECTOR_FOLD_H
#define PROJECTOR_FOLD_H

#include "fluvius/host.h"
#include "services/readmodel/writer.h"

struct fold;

/* A build as the fold knows it, by the core's place. */
struct fold_build {
    uint32_t id;
    const struct domain *domain;
    const struct domain_projection *hand; /* hand-written, with one model; NULL: of the domain's resources */
    const struct model *models;           /* in the order of the build; named as the domain's resources */
    uint32_t model_count;
};

enum error fold_new(struct fold **out, uint64_t cache_bytes);
void fold_free(struct fold **fold);
/* What it points to must stay until it is taken away. error_no_memory. */
enum error fold_build_add(struct fold *fold, uint32_t place, const struct fold_build *build);
void fold_build_remove(struct fold *fold, uint32_t place);
/* What is known of a build may be old: it is loaded anew. Between turns only. */
void fold_build_forget(struct fold *fold, uint32_t place);
/* Where rows are loaded from. */
void fold_writer(struct fold *fold, struct writer *writer);

void fold_begin(struct fold *fold);
/* Records of one partition follow, for these builds. *page numbers the pages of a turn from 0. */
enum error fold_page(struct fold *fold, uint32_t partition, const uint32_t *places, uint32_t count);
/* error_no_memory, or rows cannot be loaded; what is wrong with the record is kept for fold_failure. */
enum error fold_record(struct fold *fold, const struct store_record *record, struct store_fault *fault);
enum error fold_finish(struct fold *fold, struct store_fault *fault);
/* What the turn holds: its events' bytes, and those of the states and rows that they change. Rows that are still to be
 * loaded come later: no more than some hundred at a time, the fewer the larger they were. */
uint64_t fold_bytes(const struct fold *fold);

/* The first record of a page that a build could not apply: 0 when there is none. Nothing of that page is then in the
 * build's rows. text is valid until the next begin. */
uint64_t fold_failure(const struct fold *fold, uint32_t page, uint32_t member, const char **text);

/* The changed rows; valid until fold_keep or fold_forget. error_no_memory. */
enum error fold_rows(struct fold *fold, const struct row_set **sets, size_t *count);
void fold_keep(struct fold *fold);
void fold_forget(struct fold *fold);

struct fold_stats {
    uint64_t events, rows, loads; /* since the beginning */
    uint64_t cached, bytes;       /* states in memory */
};
void fold_stats(const struct fold *fold, struct fold_stats *out);

#endif
