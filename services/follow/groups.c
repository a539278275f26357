/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Do consumer groups get on: see groups.h. */
#include "services/follow/groups.h"

#include <stdlib.h>

#include "services/store/record.h"

#define GROUPS_MAX 4096   /* more are not watched, and that is said */
#define LOOK_RECORDS 4096 /* looked at for one group in one look */
#define READ_RECORDS 512

struct group_place_seen {
    uint64_t checkpoint, seen; /* nothing up to seen waits */
    uint64_t waits;            /* a record above the checkpoint that the group selects; 0: none is known */
    int64_t waits_us;
    bool halted;
};

struct watched_group {
    char realm[limit_identifier_bytes + 1], name[limit_identifier_bytes + 1];
    struct group_place_seen *places;
    uint64_t moved_us; /* when a checkpoint was seen to move */
    uint32_t next;     /* the partition that the next look begins with */
    bool met, silent;  /* met: in this look */
};

struct group_watch {
    struct store_info log;
    const struct follow_source *source;
    void *context;
    struct watched_group *groups[GROUPS_MAX];
    uint32_t count;
    uint32_t at;   /* rows come in one order, so each is looked for behind the one before */
    bool too_many; /* in this look */
};

struct group_watch *group_watch_new(const struct store_info *log, const struct follow_source *source, void *context)
{
    struct group_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    watch->log = *log;
    watch->source = source;
    watch->context = context;
    return watch;
}

static void group_drop(struct group_watch *watch, uint32_t index)
{
    free(watch->groups[index]->places);
    free(watch->groups[index]);
    watch->groups[index] = watch->groups[--watch->count];
}

void group_watch_free(struct group_watch **watch)
{
    while (*watch != NULL && (*watch)->count > 0)
        group_drop(*watch, 0);
    free(*watch);
    *watch = NULL;
}

/* ---- rows ---- */

static struct slice raw_of(struct slice map, const char *key)
{
    struct slice raw;
    return map.size > 0 && msgpack_find(map, key, &raw) == error_none ? raw : (struct slice){0};
}

static struct slice text_of(struct slice map, const char *key)
{
    struct reader reader = reader_of(raw_of(map, key));
    struct slice text;
    return reader_text(&reader, &text) == error_none ? text : (struct slice){0};
}

static uint64_t number_of(struct slice map, const char *key)
{
    struct reader reader = reader_of(raw_of(map, key));
    int64_t number;
    return reader_integer(&reader, &number) == error_none && number > 0 ? (uint64_t)number : 0;
}

static bool flag_of(struct slice map, const char *key)
{
    struct reader reader = reader_of(raw_of(map, key));
    bool flag;
    return reader_bool(&reader, &flag) == error_none && flag;
}

static struct selection selection_read(struct slice row)
{
    struct slice select = raw_of(row, "select");
    return (struct selection){.realm = text_of(row, "_realm"),
                              .namespace = text_of(select, "namespace"),
                              .resource = text_of(select, "resource"),
                              .identifier = text_of(select, "identifier"),
                              .types = raw_of(select, "types")};
}

static void name_keep(char *out, struct slice name)
{
    if (name.size > 0)
        memcpy(out, name.data, name.size);
}

static struct watched_group *group_add(struct group_watch *watch, struct slice realm, struct slice name)
{
    watch->too_many |= watch->count == GROUPS_MAX;
    if (watch->count == GROUPS_MAX)
        return NULL;
    struct watched_group *group = calloc(1, sizeof *group);
    if (group != NULL)
        group->places = calloc(watch->log.partitions, sizeof *group->places);
    if (group == NULL || group->places == NULL) {
        free(group);
        return NULL;
    }
    name_keep(group->realm, realm);
    name_keep(group->name, name);
    watch->groups[watch->count++] = group;
    return group;
}

static struct watched_group *group_find(struct group_watch *watch, struct slice realm, struct slice name)
{
    for (uint32_t i = 0; i < watch->count; i++) {
        struct watched_group *group = watch->groups[(watch->at + i) % watch->count];
        if (!slice_is(realm, group->realm) || !slice_is(name, group->name))
            continue;
        watch->at = (watch->at + i + 1) % watch->count;
        return group;
    }
    return realm.size > limit_identifier_bytes || name.size > limit_identifier_bytes ? NULL
                                                                                     : group_add(watch, realm, name);
}

/* True when a checkpoint moved. One that went back is of a group that was made anew. */
static bool places_read(const struct group_watch *watch, struct watched_group *group, struct slice row)
{
    struct reader reader = reader_of(raw_of(row, "partitions"));
    struct slice raw;
    uint32_t count = 0;
    bool moved = false;
    reader_array(&reader, &count);
    for (uint32_t i = 0; i < watch->log.partitions; i++) {
        struct group_place_seen *place = &group->places[i];
        bool known = i < count && reader_raw(&reader, &raw) == error_none;
        uint64_t checkpoint = known ? number_of(raw, "checkpoint") : 0;
        moved |= checkpoint != place->checkpoint;
        if (checkpoint < place->checkpoint)
            *place = (struct group_place_seen){0};
        place->checkpoint = checkpoint;
        place->halted = known && flag_of(raw, "halted");
        place->seen = checkpoint > place->seen ? checkpoint : place->seen;
        place->waits = place->waits > checkpoint ? place->waits : 0;
    }
    return moved;
}

/* ---- what waits ---- */

struct search {
    const struct selection *selection;
    struct group_place_seen *place;
    uint32_t seen;
};

static enum error search_visit(void *context, const struct store_record *row)
{
    struct search *search = context;
    struct record record = record_of(row);
    search->seen++;
    if (selection_has(search->selection, &record)) {
        search->place->waits = record.seq;
        search->place->waits_us = record.time_us;
        return error_full;
    }
    search->place->seen = record.seq;
    return error_none;
}

static void place_search(const struct group_watch *watch,
                         uint32_t partition,
                         struct group_place_seen *place,
                         const struct selection *selection,
                         uint32_t *budget)
{
    struct store_fault fault;
    for (bool more = true; more && place->waits == 0 && *budget > 0;) {
        struct search search = {.selection = selection, .place = place};
        uint32_t limit = *budget < READ_RECORDS ? *budget : READ_RECORDS;
        if (watch->source->read(watch->context, partition, place->seen, limit, search_visit, &search, &fault) !=
                error_none &&
            place->waits == 0)
            return; /* the next look tries again */
        *budget -= search.seen;
        more = search.seen == limit;
    }
}

/* A look that comes to its end within a partition goes on behind it next time: one that is written to all the time does
 * not hide the others. */
static void places_search(const struct group_watch *watch, struct watched_group *group, struct slice row)
{
    struct selection selection = selection_read(row);
    uint32_t budget = LOOK_RECORDS, first = group->next;
    for (uint32_t i = 0; i < watch->log.partitions && budget > 0; i++) {
        uint32_t partition = (first + i) % watch->log.partitions;
        place_search(watch, partition, &group->places[partition], &selection, &budget);
        group->next = (partition + 1) % watch->log.partitions;
    }
}

/* The time of the oldest record that waits; INT64_MAX: none is known. */
static int64_t oldest_find(const struct group_watch *watch, struct watched_group *group, struct slice row)
{
    int64_t oldest_us = INT64_MAX;
    places_search(watch, group, row);
    for (uint32_t i = 0; i < watch->log.partitions; i++) {
        const struct group_place_seen *place = &group->places[i];
        if (place->waits > 0 && place->waits_us < oldest_us)
            oldest_us = place->waits_us;
    }
    return oldest_us;
}

static void group_look(const struct group_watch *watch,
                       struct watched_group *group,
                       struct slice row,
                       int64_t wall_us,
                       uint64_t monotonic_us)
{
    bool moved = places_read(watch, group, row);
    if (moved || group->moved_us == 0)
        group->moved_us = monotonic_us;
    int64_t silence_us = (int64_t)number_of(row, "silence_ms") * 1000, oldest_us = oldest_find(watch, group, row);
    group->met = true;
    group->silent =
        silence_us > 0 && oldest_us < wall_us - silence_us && monotonic_us - group->moved_us > (uint64_t)silence_us;
}

void group_watch_look(
    struct group_watch *watch, struct slice rows, uint32_t count, int64_t wall_us, uint64_t monotonic_us)
{
    struct reader reader = reader_of(rows);
    struct slice row;
    for (uint32_t i = 0; i < count && reader_raw(&reader, &row) == error_none; i++) {
        struct watched_group *group =
            flag_of(row, "exists") ? group_find(watch, text_of(row, "_realm"), text_of(row, "_id")) : NULL;
        if (group != NULL)
            group_look(watch, group, row, wall_us, monotonic_us);
    }
}

void group_watch_begin(struct group_watch *watch)
{
    for (uint32_t i = 0; i < watch->count; i++)
        watch->groups[i]->met = false;
    watch->too_many = false;
    watch->at = 0;
}

void group_watch_end(struct group_watch *watch)
{
    for (uint32_t i = watch->count; i-- > 0;)
        if (!watch->groups[i]->met)
            group_drop(watch, i);
}

/* ---- telling ---- */

static uint32_t halts_write(const struct group_watch *watch, const struct watched_group *group, struct buffer *out)
{
    uint32_t count = 0, first = 0;
    for (uint32_t i = watch->log.partitions; i-- > 0;) {
        count += group->places[i].halted;
        first = group->places[i].halted ? i : first;
    }
    if (count == 0)
        return 0;
    struct buffer text = {0};
    buffer_printf(&text,
                  "consumer group %s of realm %s halts in %u partitions, %u first: its dead letters are full",
                  group->name,
                  group->realm,
                  count,
                  first);
    write_text(out, buffer_slice(&text));
    buffer_fini(&text);
    return 1;
}

static uint32_t too_many_write(const struct group_watch *watch, struct buffer *out)
{
    struct buffer text = {0};
    if (!watch->too_many)
        return 0;
    buffer_printf(&text, "more than %u consumer groups: what becomes of the others is not watched", GROUPS_MAX);
    write_text(out, buffer_slice(&text));
    buffer_fini(&text);
    return 1;
}

uint32_t group_watch_alarms(const struct group_watch *watch, struct buffer *out)
{
    uint32_t count = too_many_write(watch, out);
    for (uint32_t i = 0; i < watch->count; i++) {
        const struct watched_group *group = watch->groups[i];
        count += halts_write(watch, group, out);
        if (!group->silent)
            continue;
        struct buffer text = {0};
        buffer_printf(&text,
                      "consumer group %s of realm %s is silent: records wait and nothing is acknowledged",
                      group->name,
                      group->realm);
        write_text(out, buffer_slice(&text));
        buffer_fini(&text);
        count++;
    }
    return count;
}

uint32_t group_watch_count(const struct group_watch *watch)
{
    return watch->count;
}
