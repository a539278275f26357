/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A register of economists: entries are created, changed as a whole, and removed. A removed entry stays as it was. */
#include <fluvius/domain.h>

DOMAIN(objects, ("A register of things.", .name = "generic-object"));

RECORD(person_name,
       "A person's name.",
       FIELD(text, family, .min_length = 1, .max_length = 100),
       FIELD(text, given, .min_length = 1, .max_length = 100),
       FIELD(text, middle, .max_length = 100),
       OPTIONAL(text, title, .max_length = 50));

AGGREGATE(economist,
          ("An economist.", .name = "people-economist"),
          FIELD(person_name, name),
          FIELD(date, birthdate),
          FIELD(text, job),
          FIELD(bool, removed));

/* ---- create ---- */

COMMAND(economist,
        create_object,
        ("Enter an economist.", .name = "create-object", .creates = true),
        FIELD(person_name, name),
        FIELD(date, birthdate),
        FIELD(text, job, .min_length = 1, .max_length = 200));
EVENT(economist,
      object_created,
      ("An economist was entered.", .name = "object-created"),
      FIELD(person_name, name),
      FIELD(date, birthdate),
      FIELD(text, job));

static verdict decide_create_object(const economist *state, const create_object *command, decision *out)
{
    if (state->removed)
        return reject(out, "removed", "the entry was removed");
    if (out->version > 0)
        return reject(out, "already_exists", "the entry was made before");
    return emit(out, object_created, .name = command->name, .birthdate = command->birthdate, .job = command->job);
}

static void apply_object_created(economist *state, const object_created *event)
{
    state->name = event->name;
    state->birthdate = event->birthdate;
    state->job = event->job;
}

/* ---- update ---- */

COMMAND(economist,
        update_object,
        ("Replace an economist's data.", .name = "update-object"),
        FIELD(person_name, name),
        FIELD(date, birthdate),
        FIELD(text, job, .min_length = 1, .max_length = 200));
EVENT(economist,
      object_updated,
      ("An economist's data was replaced.", .name = "object-updated"),
      FIELD(person_name, name),
      FIELD(date, birthdate),
      FIELD(text, job));

static verdict decide_update_object(const economist *state, const update_object *command, decision *out)
{
    if (state->removed)
        return reject(out, "removed", "the entry was removed");
    return emit(out, object_updated, .name = command->name, .birthdate = command->birthdate, .job = command->job);
}

static void apply_object_updated(economist *state, const object_updated *event)
{
    state->name = event->name;
    state->birthdate = event->birthdate;
    state->job = event->job;
}

/* ---- remove ---- */

COMMAND(economist, remove_object, ("Remove an economist.", .name = "remove-object"));
EVENT(economist, object_removed, ("An economist was removed.", .name = "object-removed"));

static verdict decide_remove_object(const economist *state, const remove_object *command, decision *out)
{
    if (state->removed)
        return reject(out, "removed", "the entry was removed");
    return emit(out, object_removed);
}

static void apply_object_removed(economist *state, const object_removed *event)
{
    state->removed = true;
}
