/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Authorities, certificates and keys for tests, as PEM files in a directory of their own. */
#ifndef TEST_CLIENT_CERTIFICATES_H
#define TEST_CLIENT_CERTIFICATES_H

#include <stdbool.h>

/* Makes the directory and changes into it: the files below are named without it. */
void certificates_begin(void);
void certificates_end(void);

/* NAME.pem and NAME.key of an authority. */
void authority_make(const char *name);
/* NAME.pem and NAME.key, signed by the authority, for those names ("DNS:localhost,IP:127.0.0.1"); from begin_s to end_s
 * seconds after now. */
void certificate_make(const char *name, const char *authority, const char *names, long begin_s, long end_s);
/* Another file with the key, encrypted. */
void key_encrypt(const char *name, const char *out);
void file_make(const char *name, const char *text, int mode);

#endif
