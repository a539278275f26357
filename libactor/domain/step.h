/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One call of a domain's code, and the way out of it when it cannot go on: memory is out, a limit is passed, a helper
 * was used wrongly. The code of the domain then never sees the failure; the host puts back what the step had changed.
 */
#ifndef LIBACTOR_DOMAIN_STEP_H
#define LIBACTOR_DOMAIN_STEP_H

#include <setjmp.h>
#include <stdbool.h>

struct step {
    jmp_buf out;
    const char *reason; /* a constant: why the step was abandoned; NULL when memory was out or its limit passed */
};

/* if (step_enter(&step) == 0) call the domain; else it was abandoned. No local that is changed in between is read after
 * it. _setjmp, as signal masks are nobody's business here. */
#define step_enter(step) _setjmp((step)->out)

#endif
