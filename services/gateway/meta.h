/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Metadata for people and generators: which namespaces there are, their commands with URLs, a command's JSON Schema.
 * All of it comes from the descriptions that the shards publish, an array of msgpack maps; nothing of a domain is known
 * here. Pure. */
#ifndef GATEWAY_META_H
#define GATEWAY_META_H

#include "services/gateway/answer.h"

/* GET /_meta */
void meta_index(struct answer *answer, struct slice descriptions);
/* GET /_meta/NS; false, and nothing written, when the namespace is not described. */
bool meta_namespace(struct answer *answer, struct slice descriptions, struct slice namespace);
/* GET /_meta/NS:COMMAND; false likewise. A command that several resources have is shown for the first one, with the
 * others under "alternatives". */
bool meta_command(struct answer *answer, struct slice descriptions, struct slice namespace, struct slice command);

/* GET /_meta/NS.NAME: a read model's fields and filters; false likewise. */
bool meta_query(struct answer *answer, struct slice descriptions, struct slice namespace, struct slice name);

/* Is the namespace described? */
bool meta_has_namespace(struct slice descriptions, struct slice namespace);

#endif
