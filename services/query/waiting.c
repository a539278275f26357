/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See waiting.h. */
#include "services/query/waiting.h"

#include <stdlib.h>

enum { LOOK_FIRST_US = 1000, LOOK_LAST_US = 20000, BEHIND_RETRY_MS = 500, HALTED_RETRY_MS = 1000 };

enum error waiting_init(struct waiting_room *room, uint32_t partitions, uint32_t count_max)
{
    *room = (struct waiting_room){.partitions = partitions, .count_max = count_max};
    room->last = &room->first;
    room->look = job_new_look(partitions);
    return room->look == NULL ? error_no_memory : error_none;
}

void waiting_fini(struct waiting_room *room)
{
    while (room->first != NULL) {
        struct query_job *job = room->first;
        room->first = job->next;
        job_free(&job);
    }
    job_free(&room->look);
}

static void job_behind(struct query_job *job)
{
    job_fail(job,
             status_unavailable,
             "behind",
             "the read model does not reflect that position yet; ask again",
             BEHIND_RETRY_MS);
}

static void job_halted(struct query_job *job)
{
    job_fail(job,
             status_unavailable,
             "halted",
             "a record before that position cannot be projected; somebody has to mend it",
             HALTED_RETRY_MS);
}

/* Who was let out and comes back is as old as before: being read in vain does not begin the looks anew. */
static uint64_t pause_us(const struct waiting_room *room, uint64_t now_us)
{
    uint64_t waited_us = (now_us - room->newest_us) / 4;
    return waited_us < LOOK_FIRST_US ? LOOK_FIRST_US : waited_us > LOOK_LAST_US ? LOOK_LAST_US : waited_us;
}

bool waiting_add(struct waiting_room *room, struct query_job *job, uint64_t now_us)
{
    if (room->count == room->count_max || now_us >= job->patience_us) {
        job_behind(job);
        return false;
    }
    job->next = NULL;
    *room->last = job;
    room->last = &job->next;
    room->count++;
    if (room->newest_us < job->came_us)
        room->newest_us = job->came_us;
    uint64_t look_us = now_us + pause_us(room, now_us);
    if (room->count == 1 || room->look_us > look_us)
        room->look_us = look_us;
    return true;
}

/* ---- looking ---- */

static bool look_has(const struct query_job *look, uint32_t build)
{
    for (uint32_t i = 0; i < look->look_count; i++)
        if (look->look_builds[i] == build)
            return true;
    return false;
}

/* The builds that jobs wait for, from next_build on, so that each has its turn. */
static void look_fill(struct waiting_room *room)
{
    struct query_job *look = room->look;
    look->look_count = 0;
    for (int round = 0; round < 2; round++)
        for (const struct query_job *job = room->first; job != NULL; job = job->next)
            if ((job->build >= room->next_build) == (round == 0) && look->look_count < LOOK_BUILDS &&
                !look_has(look, job->build))
                look->look_builds[look->look_count++] = job->build;
    room->next_build = look->look_count < LOOK_BUILDS ? 0 : look->look_builds[LOOK_BUILDS - 1] + 1;
}

struct query_job *waiting_look(struct waiting_room *room, uint64_t now_us)
{
    if (room->count == 0 || room->look == NULL || now_us < room->look_us)
        return NULL;
    struct query_job *look = room->look;
    look_fill(room);
    look->next = NULL;
    room->look = NULL;
    return look;
}

enum verdict { VERDICT_WAIT, VERDICT_READY, VERDICT_HALTED };

static enum verdict judge(const struct waiting_room *room, const struct query_job *job, const struct query_job *look)
{
    for (uint32_t i = 0; i < look->look_count; i++) {
        const uint64_t *seen = look->seen + (size_t)i * room->partitions;
        const bool *halted = look->halted + (size_t)i * room->partitions;
        enum verdict verdict = VERDICT_READY;
        if (look->look_builds[i] != job->build)
            continue;
        if (!look->known[i])
            return VERDICT_READY; /* another build may be live by now: it is read anew */
        for (uint32_t p = 0; p < room->partitions && verdict != VERDICT_HALTED; p++)
            if (seen[p] < job->wanted[p])
                verdict = halted[p] ? VERDICT_HALTED : VERDICT_WAIT;
        return verdict;
    }
    return VERDICT_WAIT;
}

static void chain(struct query_job ***end, struct query_job *job)
{
    job->next = NULL;
    **end = job;
    *end = &job->next;
}

/* Takes the job at *at out of the room. */
static struct query_job *leave(struct waiting_room *room, struct query_job **at)
{
    struct query_job *job = *at;
    *at = job->next;
    if (room->last == &job->next)
        room->last = at;
    room->count--;
    return job;
}

void waiting_seen(struct waiting_room *room,
                  struct query_job *look,
                  uint64_t now_us,
                  struct query_job **ready,
                  struct query_job **answered)
{
    struct query_job **ready_end = ready, **answered_end = answered;
    *ready = *answered = NULL;
    for (struct query_job **at = &room->first; *at != NULL;) {
        enum verdict verdict = judge(room, *at, look);
        if (verdict == VERDICT_READY) {
            chain(&ready_end, leave(room, at));
        } else if (verdict == VERDICT_HALTED) {
            job_halted(*at);
            chain(&answered_end, leave(room, at));
        } else {
            at = &(*at)->next;
        }
    }
    room->look = look;
    room->look_us = now_us + pause_us(room, now_us);
}

struct query_job *waiting_expire(struct waiting_room *room, uint64_t now_us)
{
    struct query_job *expired = NULL, **end = &expired;
    for (struct query_job **at = &room->first; *at != NULL;) {
        if (now_us < (*at)->patience_us) {
            at = &(*at)->next;
            continue;
        }
        job_behind(*at);
        chain(&end, leave(room, at));
    }
    return expired;
}

uint64_t waiting_due_us(const struct waiting_room *room)
{
    uint64_t due_us = room->count == 0 || room->look == NULL ? UINT64_MAX : room->look_us;
    for (const struct query_job *job = room->first; job != NULL; job = job->next)
        if (job->patience_us < due_us)
            due_us = job->patience_us;
    return due_us;
}
