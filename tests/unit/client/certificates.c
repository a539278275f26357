/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See certificates.h. */
#include "tests/unit/client/certificates.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

void certificates_begin(void)
{
    snprintf(directory, sizeof directory, "/tmp/fluvius-tls-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(chdir(directory), 0);
}

void certificates_end(void)
{
    DIR *files = opendir(".");
    for (struct dirent *file; (file = readdir(files)) != NULL;)
        unlink(file->d_name);
    closedir(files);
    cr_assert_eq(chdir("/"), 0);
    rmdir(directory);
}

/* ---- files ---- */

static FILE *open_for(const char *name, const char *ending, const char *mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s", name, ending);
    FILE *file = fopen(path, mode);
    cr_assert_not_null(file, "%s", path);
    if (mode[0] == 'w')
        fchmod(fileno(file), 0600);
    return file;
}

static EVP_PKEY *key_read(const char *name)
{
    FILE *file = open_for(name, ".key", "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    cr_assert_not_null(key);
    return key;
}

static X509 *certificate_read(const char *name)
{
    FILE *file = open_for(name, ".pem", "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    cr_assert_not_null(certificate);
    return certificate;
}

static void both_write(const char *name, X509 *certificate, EVP_PKEY *key)
{
    FILE *file = open_for(name, ".pem", "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = open_for(name, ".key", "w");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

void key_encrypt(const char *name, const char *out)
{
    EVP_PKEY *key = key_read(name);
    FILE *file = open_for(out, "", "w");
    PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), (unsigned char *)"secret", 6, NULL, NULL);
    fclose(file);
    EVP_PKEY_free(key);
}

void file_make(const char *name, const char *text, int mode)
{
    FILE *file = open_for(name, "", "w");
    fputs(text, file);
    fclose(file);
    chmod(name, (mode_t)mode);
}

/* ---- certificates ---- */

static X509 *certificate_new(const char *name, EVP_PKEY *key, long begin_s, long end_s)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), begin_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), end_s);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_pubkey(certificate, key);
    return certificate;
}

static void extension_add(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    cr_assert_not_null(extension, "%s", value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

void authority_make(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certificate_new(name, key, -3600, 3600);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    extension_add(certificate, NID_basic_constraints, "critical,CA:TRUE");
    cr_assert_neq(X509_sign(certificate, key, EVP_sha256()), 0);
    both_write(name, certificate, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void certificate_make(const char *name, const char *authority, const char *names, long begin_s, long end_s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *signer = key_read(authority);
    X509 *certificate = certificate_new(name, key, begin_s, end_s), *issuer = certificate_read(authority);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    extension_add(certificate, NID_subject_alt_name, names);
    cr_assert_neq(X509_sign(certificate, signer, EVP_sha256()), 0);
    both_write(name, certificate, key);
    X509_free(certificate);
    X509_free(issuer);
    EVP_PKEY_free(key);
    EVP_PKEY_free(signer);
}
