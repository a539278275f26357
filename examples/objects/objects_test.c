/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the register of economists promises. */
#include <fluvius/testing.h>

#include "objects.c"

#define KEYNES                                                                                                         \
    .name = {.family = TEXT("Keynes"), .given = TEXT("John"), .middle = TEXT("Maynard")},                              \
    .birthdate = date_of(1883, 6, 5), .job = TEXT("economist")
#define BARON                                                                                                          \
    .name = {.family = TEXT("Keynes"), .given = TEXT("John"), .middle = TEXT("Maynard"), .title = TEXT("Baron")},      \
    .birthdate = date_of(1883, 6, 5), .job = TEXT("economist")

Test(objects, an_economist_is_entered)
{
    given();
    when_json(create_object,
              "{\"name\": {\"family\": \"Keynes\", \"given\": \"John\", \"middle\": \"Maynard\"},"
              " \"birthdate\": \"1883-06-05\", \"job\": \"economist\"}");
    then(object_created, KEYNES);
    then_state(economist, state->birthdate.days == date_of(1883, 6, 5).days && state->name.title.data == NULL);
}

Test(objects, an_economist_is_entered_once)
{
    given(event(object_created, KEYNES));
    when(create_object, KEYNES);
    then_rejected("already_exists");
}

Test(objects, all_faults_are_told_at_once)
{
    given();
    when_json(create_object, "{\"name\": {\"family\": 5}, \"birthdate\": \"1883-02-29\", \"born\": \"Cambridge\"}");
    then_invalid("/name/family", "expected_text");
    then_invalid("/name/given", "required");
    then_invalid("/name/middle", "required");
    then_invalid("/birthdate", "expected_date");
    then_invalid("/born", "unknown_field");
    then_invalid("/job", "required");
}

Test(objects, an_update_replaces_the_whole_entry)
{
    given(event(object_created, KEYNES));
    when(update_object, BARON);
    then(object_updated, BARON);
    then_state(economist, text_equal(state->name.title, TEXT("Baron")));
    when(update_object, KEYNES);
    then(object_updated, KEYNES);
    then_state(economist, state->name.title.data == NULL);
}

Test(objects, only_what_exists_is_updated_or_removed)
{
    given();
    when(update_object, KEYNES);
    then_not_found();
    when(remove_object);
    then_not_found();
}

Test(objects, a_removed_entry_takes_no_further_commands)
{
    given(event(object_created, KEYNES));
    when(remove_object);
    then(object_removed);
    when(update_object, BARON);
    then_rejected("removed");
    when(remove_object);
    then_rejected("removed");
    when(create_object, KEYNES);
    then_rejected("removed");
}
