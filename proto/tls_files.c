/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads the files of tls.h: each fault names its file. */
#include "proto/tls_state.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KEY_FORBIDDEN = 0007 }; /* owner and group may read it, others nothing */

static enum error fail(char *fault, const char *setting, const char *path, const char *why)
{
    snprintf(fault, TLS_FAULT_SIZE, "%s %s: %s", setting, path, why);
    ERR_clear_error();
    return error_bad_settings;
}

static enum error file_check(const char *setting, const char *path, int file, char *fault)
{
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        return fail(fault, setting, path, strerror(errno));
    return S_ISREG(status.st_mode) ? error_none : fail(fault, setting, path, "is not a regular file");
}

/* Can it be opened at all? OpenSSL does not tell that from a file with something else in it. */
static enum error file_probe(const char *setting, const char *path, char *fault)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum error error = file_check(setting, path, file, fault);
    if (file >= 0)
        close(file);
    return error;
}

/* ---- the authorities ---- */

static enum error authority_load(struct tls *tls, const char *path, char *fault)
{
    enum error error = file_probe("tls-authority", path, fault);
    if (error != error_none)
        return error;
    if (SSL_CTX_load_verify_locations(tls->context, path, NULL) != 1)
        return fail(fault, "tls-authority", path, "has no certificate in PEM form");
    STACK_OF(X509_NAME) *names = tls->server ? SSL_load_client_CA_file(path) : NULL;
    if (names != NULL)
        SSL_CTX_set_client_CA_list(tls->context, names); /* owned by the context from here */
    return error_none;
}

/* ---- our own ---- */

static enum error certificate_load(struct tls *tls, const char *path, char *fault)
{
    struct tm end = {0};
    enum error error = file_probe("tls-certificate", path, fault);
    if (error != error_none)
        return error;
    if (SSL_CTX_use_certificate_chain_file(tls->context, path) != 1)
        return fail(fault, "tls-certificate", path, "has no certificate in PEM form that can be used");
    if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(tls->context)), &end) == 1)
        tls->expires = timegm(&end);
    return error_none;
}

/* No key is worth waiting at a terminal for. */
static int passphrase_wanted(char *out, int size, int writing, void *asked)
{
    (void)out, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static enum error key_read(const char *path, int file, EVP_PKEY **out, char *fault)
{
    struct stat status;
    bool asked = false;
    enum error error = file_check("tls-key", path, file, fault);
    if (error != error_none)
        return error;
    if (fstat(file, &status) != 0 || (status.st_mode & KEY_FORBIDDEN) != 0)
        return fail(fault, "tls-key", path, "everybody may read it; run chmod 600 on it");
    BIO *bio = BIO_new_fd(file, BIO_NOCLOSE);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, passphrase_wanted, &asked);
    BIO_free(bio);
    if (key == NULL)
        return fail(fault, "tls-key", path, asked ? "has a passphrase; it must have none" : "has no key in PEM form");
    *out = key;
    return error_none;
}

static enum error key_load(struct tls *tls, const struct tls_files *files, char *fault)
{
    EVP_PKEY *key;
    int file = open(files->key, O_RDONLY | O_CLOEXEC);
    enum error error = key_read(files->key, file, &key, fault);
    if (file >= 0)
        close(file);
    if (error != error_none)
        return error;
    int used = SSL_CTX_use_PrivateKey(tls->context, key); /* compares it with the certificate too */
    EVP_PKEY_free(key);
    if (used != 1) {
        char why[TLS_FAULT_SIZE / 2];
        snprintf(why, sizeof why, "is not the key of the certificate in %s", files->certificate);
        return fail(fault, "tls-key", files->key, why);
    }
    return error_none;
}

/* OpenSSL reads a certificate's extensions when they are first wanted and keeps them in it. Many threads will check
 * peers by these certificates; they are read now, by the only thread that has them. Purpose -1 asks no more. */
static void extensions_read(SSL_CTX *context)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    X509 *certificate = SSL_CTX_get0_certificate(context);
    if (certificate != NULL)
        X509_check_purpose(certificate, -1, 0);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (certificate != NULL)
            X509_check_purpose(certificate, -1, 0);
    }
}

enum error tls_files_load(struct tls *tls, const struct tls_files *files, char *fault)
{
    enum error error = error_none;
    if (files->authority != NULL && files->authority[0] != '\0')
        error = authority_load(tls, files->authority, fault);
    if (error == error_none && files->certificate != NULL && files->certificate[0] != '\0')
        error = certificate_load(tls, files->certificate, fault);
    if (error == error_none && files->key != NULL && files->key[0] != '\0')
        error = key_load(tls, files, fault);
    if (error == error_none)
        extensions_read(tls->context);
    return error;
}
