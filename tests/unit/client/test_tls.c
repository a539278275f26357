/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is said of files that cannot be used for TLS. */
#include <criterion/criterion.h>
#include <sys/stat.h>

#include "proto/slice.h"
#include "proto/tls.h"
#include "tests/unit/client/certificates.h"

enum { HOUR = 3600 };

static void begin(void)
{
    certificates_begin();
    authority_make("ca");
    certificate_make("own", "ca", "DNS:localhost", -HOUR, HOUR);
    certificate_make("other", "ca", "DNS:localhost", -HOUR, HOUR);
}

TestSuite(tls, .init = begin, .fini = certificates_end);

static void server_refused(const struct tls_files *files, enum tls_clients clients, const char *wanted)
{
    char fault[TLS_FAULT_SIZE] = "";
    struct tls *tls = NULL;
    cr_assert_eq(tls_open_server(&tls, files, clients, fault), error_bad_settings);
    cr_assert_str_eq(fault, wanted);
    cr_assert_null(tls);
}

static void client_refused(const struct tls_files *files, const char *wanted)
{
    char fault[TLS_FAULT_SIZE] = "";
    struct tls *tls = NULL;
    cr_assert_eq(tls_open_client(&tls, files, NULL, fault), error_bad_settings);
    cr_assert_str_eq(fault, wanted);
    cr_assert_null(tls);
}

Test(tls, good_files_are_taken)
{
    struct tls_files files = {.certificate = "own.pem", .key = "own.key", .authority = "ca.pem"};
    char fault[TLS_FAULT_SIZE];
    struct tls *server = NULL, *client = NULL;
    cr_assert_eq(tls_open_server(&server, &files, TLS_CLIENTS_REQUIRED, fault), error_none, "%s", fault);
    cr_assert_eq(tls_open_client(&client, &files, "", fault), error_none, "%s", fault);
    cr_assert(tls_asks(server));
    cr_assert_gt(tls_expires(server), 0);
    tls_release(&client);
    files = (struct tls_files){.authority = "ca.pem"};
    cr_assert_eq(tls_open_client(&client, &files, NULL, fault), error_none, "%s", fault);
    cr_assert_eq(tls_expires(client), 0);
    tls_release(&client);
    tls_release(&server);
    tls_release(&server); /* NULL */
}

Test(tls, the_group_may_read_a_key)
{
    struct tls_files files = {.certificate = "own.pem", .key = "own.key"};
    char fault[TLS_FAULT_SIZE];
    struct tls *tls = NULL;
    chmod("own.key", 0640);
    cr_assert_eq(tls_open_server(&tls, &files, TLS_CLIENTS_NONE, fault), error_none, "%s", fault);
    cr_assert_not(tls_asks(tls));
    tls_release(&tls);
}

Test(tls, what_is_missing_is_named)
{
    server_refused(&(struct tls_files){.key = "own.key"},
                   TLS_CLIENTS_NONE,
                   "tls-certificate is missing: a tls+tcp:// address needs one");
    server_refused(&(struct tls_files){.certificate = "own.pem", .key = ""},
                   TLS_CLIENTS_NONE,
                   "tls-key is missing: tls-certificate needs its key");
    server_refused(&(struct tls_files){.certificate = "own.pem", .key = "own.key"},
                   TLS_CLIENTS_OPTIONAL,
                   "tls-authority is missing: clients' certificates are checked against it");
    client_refused(&(struct tls_files){0},
                   "tls-authority is missing: a tls+tcp:// server's certificate is checked against it");
    client_refused(&(struct tls_files){.authority = "ca.pem", .certificate = "own.pem"},
                   "tls-key is missing: tls-certificate needs its key");
    client_refused(&(struct tls_files){.authority = "ca.pem", .key = "own.key"},
                   "tls-certificate is missing: tls-key is useless without");
}

Test(tls, a_file_that_is_not_there_is_named)
{
    client_refused(&(struct tls_files){.authority = "none.pem"}, "tls-authority none.pem: No such file or directory");
    client_refused(&(struct tls_files){.authority = "ca.pem", .certificate = "none.pem", .key = "own.key"},
                   "tls-certificate none.pem: No such file or directory");
    client_refused(&(struct tls_files){.authority = "ca.pem", .certificate = "own.pem", .key = "none.key"},
                   "tls-key none.key: No such file or directory");
    client_refused(&(struct tls_files){.authority = "."}, "tls-authority .: is not a regular file");
}

Test(tls, a_file_with_something_else_in_it_is_named)
{
    file_make("rubbish", "rubbish\n", 0600);
    client_refused(&(struct tls_files){.authority = "rubbish"},
                   "tls-authority rubbish: has no certificate in PEM form");
    client_refused(&(struct tls_files){.authority = "ca.pem", .certificate = "rubbish", .key = "own.key"},
                   "tls-certificate rubbish: has no certificate in PEM form that can be used");
    client_refused(&(struct tls_files){.authority = "ca.pem", .certificate = "own.pem", .key = "rubbish"},
                   "tls-key rubbish: has no key in PEM form");
}

Test(tls, a_key_that_is_not_the_certificates_is_refused)
{
    server_refused(&(struct tls_files){.certificate = "own.pem", .key = "other.key"},
                   TLS_CLIENTS_NONE,
                   "tls-key other.key: is not the key of the certificate in own.pem");
}

Test(tls, a_key_that_everybody_may_read_is_refused)
{
    chmod("own.key", 0644);
    server_refused(&(struct tls_files){.certificate = "own.pem", .key = "own.key"},
                   TLS_CLIENTS_NONE,
                   "tls-key own.key: everybody may read it; run chmod 600 on it");
}

Test(tls, a_key_with_a_passphrase_is_refused_and_nobody_asked)
{
    key_encrypt("own", "locked.key");
    server_refused(&(struct tls_files){.certificate = "own.pem", .key = "locked.key"},
                   TLS_CLIENTS_NONE,
                   "tls-key locked.key: has a passphrase; it must have none");
}

Test(tls, names_of_what_clients_must_show_are_known)
{
    enum tls_clients clients = TLS_CLIENTS_NONE;
    cr_assert(tls_clients_find("required", &clients));
    cr_assert_eq(clients, TLS_CLIENTS_REQUIRED);
    cr_assert(tls_clients_find("optional", &clients));
    cr_assert_eq(clients, TLS_CLIENTS_OPTIONAL);
    cr_assert(tls_clients_find("none", &clients));
    cr_assert_eq(clients, TLS_CLIENTS_NONE);
    cr_assert_not(tls_clients_find("Required", &clients));
}
