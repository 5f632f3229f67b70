/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text -> structs of oci_types.h. Reads no files, prints nothing, has no globals; any process
 * may call it, it never blocks. The text is untrusted: size, depth, number of values and length of
 * strings are limited (json.h).
 *
 * Unknown properties are ignored at any depth; keys are case-sensitive; a key that is given twice,
 * a wrong type, a value out of range, a broken rule between properties is an error with position
 * and path. Objects of other platforms (windows, vm, ...) are ignored.
 */
#ifndef SANDLOCK_LIBOCISPEC_OCI_CONFIG_H
#define SANDLOCK_LIBOCISPEC_OCI_CONFIG_H

#include <stddef.h>

#include "libocispec/oci_error.h"
#include "libocispec/oci_types.h"

struct oci_parse_opts {
	/* Each ignored property, for the debug log. May be NULL. */
	void (*unknown)(void *arg, const struct oci_err *where);
	/*
	 * Each error, in the order found (at most 64); the first one is also *err. May be NULL. A
	 * syntax error is always the only one.
	 */
	void (*problem)(void *arg, const struct oci_err *problem);
	void *arg;
};

/*
 * All return 0 and a document that the caller frees with the matching _free, or -EINVAL (*err says
 * what is wrong with the text), -E2BIG (over a limit; *err is set as well) or -ENOMEM. *ret is
 * untouched on failure. opts and err may be NULL.
 */
int oci_config_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			  struct oci_config **ret, struct oci_err *err);
int oci_process_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			   struct oci_process **ret, struct oci_err *err);
int oci_resources_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			     struct oci_resources **ret, struct oci_err *err);
int oci_seccomp_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			   struct oci_seccomp **ret, struct oci_err *err);
int oci_mounts_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			  struct oci_mounts **ret, struct oci_err *err);

static inline int oci_config_parse(const char *text, size_t len, struct oci_config **ret,
				   struct oci_err *err)
{
	return oci_config_parse_opts(text, len, NULL, ret, err);
}

/* process.json of exec. */
static inline int oci_process_parse(const char *text, size_t len, struct oci_process **ret,
				    struct oci_err *err)
{
	return oci_process_parse_opts(text, len, NULL, ret, err);
}

/* The LinuxResources object of update. */
static inline int oci_resources_parse(const char *text, size_t len, struct oci_resources **ret,
				      struct oci_err *err)
{
	return oci_resources_parse_opts(text, len, NULL, ret, err);
}

/* A linux.seccomp object. */
static inline int oci_seccomp_parse(const char *text, size_t len, struct oci_seccomp **ret,
				    struct oci_err *err)
{
	return oci_seccomp_parse_opts(text, len, NULL, ret, err);
}

/* An array of the form of config.json's mounts. */
static inline int oci_mounts_parse(const char *text, size_t len, struct oci_mounts **ret,
				   struct oci_err *err)
{
	return oci_mounts_parse_opts(text, len, NULL, ret, err);
}

/* NULL is fine. Only for what the parse functions returned, never for a part of a document. */
void oci_config_free(struct oci_config *config);
void oci_process_free(struct oci_process *process);
void oci_resources_free(struct oci_resources *resources);
void oci_seccomp_free(struct oci_seccomp *seccomp);
void oci_mounts_free(struct oci_mounts *mounts);

#endif
