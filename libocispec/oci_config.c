/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root object of config.json, its version, and the rules between its parts. Library code over
 * untrusted values; all other documents end here too (the _free functions).
 */
#include <config.h>

#include "libocispec/oci_config.h"

#include <string.h>

#include "libocispec/arena.h"
#include "libocispec/internal.h"
#include "libocispec/schema.h"

/* ociVersion */

static const char *skip_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n == 0 || (n > 1 && s[0] == '0') ? NULL : s + n;
}

/*
 * Dot-separated identifiers behind '-' or '+'; NULL if one is empty or, behind '-', a number with a
 * leading 0.
 */
static const char *skip_identifiers(const char *s, bool strict_numbers)
{
	for (;;) {
		size_t n = strspn(
			s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

		if (n == 0 ||
		    (strict_numbers && n > 1 && s[0] == '0' && strspn(s, "0123456789") == n))
			return NULL;
		s += n;
		if (*s != '.')
			return s;
		s++;
	}
}

/* SemVer 2.0.0: MAJOR.MINOR.PATCH[-pre][+build] */
static bool is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		s = skip_number(s);
		if (!s || (i < 2 && *s++ != '.'))
			return false;
	}
	if (*s == '-')
		s = skip_identifiers(s + 1, true);
	if (s && *s == '+')
		s = skip_identifiers(s + 1, false);
	return s && *s == '\0';
}

/*
 * Another major version may mean anything: nothing else is looked at then. Absent or no string:
 * found by the table.
 */
static bool version_gate(struct decode *d, const struct json_value *v)
{
	const char *version;
	char text[64];

	if (json_get_string(v, "ociVersion", &version) < 0)
		return true;
	oci_err_quote(version, strlen(version), text, sizeof(text));
	if (!is_semver(version))
		decode_problem(d, v, "ociVersion",
			       "\"%s\" is not a version (SemVer 2.0.0, such as \"1.3.0\")", text);
	else if (strncmp(version, "1.", 2) != 0)
		decode_problem(d, v, "ociVersion", "version \"%s\" is not supported: only 1.x is",
			       text);
	return d->n_problems == 0;
}

/* Rules between the parts */

static bool is_idmapped(const struct oci_mount *m)
{
	for (char **o = m->options; o && *o; o++)
		if (strcmp(*o, "idmap") == 0 || strcmp(*o, "ridmap") == 0)
			return true;
	return false;
}

static void check_mounts(struct decode *d, const struct json_value *v, const struct oci_config *c)
{
	const struct json_value *list = json_get(v, "mounts"),
				*item = list ? json_first(list) : NULL;
	bool has_user_ns = oci_linux_find_namespace(c->lin, OCI_NS_USER);

	for (size_t i = 0; item; item = json_next(item), i++)
		if (!has_user_ns && is_idmapped(&c->mounts[i]) && !c->mounts[i].n_uid_mappings)
			decode_problem(d, item, "options",
				       "an idmapped mount needs uidMappings and gidMappings, or a "
				       "user namespace in linux.namespaces");
}

static void check_config(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_config *c = obj;
	bool has_uts = oci_linux_find_namespace(c->lin, OCI_NS_UTS);

	if (c->hostname && !has_uts)
		decode_problem(d, v, "hostname", "needs a uts namespace in linux.namespaces");
	if (c->domainname && !has_uts)
		decode_problem(d, v, "domainname", "needs a uts namespace in linux.namespaces");
	check_mounts(d, v, c);
}

/* clang-format off */
static const struct field root_fields[] = {
	ROW_STRING("path", oci_root, path, F_REQUIRED | F_NOT_EMPTY),
	ROW_BOOL("readonly", oci_root, readonly, 0),
	{ 0 },
};
OBJECT_DESC(root, oci_root, NULL);

static const struct field config_fields[] = {
	ROW_STRING("ociVersion", oci_config, oci_version, F_REQUIRED),
	ROW_OBJECT("root", oci_config, root, root_desc, F_REQUIRED),
	ROW_OBJECT("process", oci_config, process, oci_process_desc, 0),
	ROW_STRING("hostname", oci_config, hostname, F_EMPTY_ABSENT),
	ROW_STRING("domainname", oci_config, domainname, F_EMPTY_ABSENT),
	ROW_OBJECTS("mounts", oci_config, mounts, oci_mount_desc),
	ROW_EMBED("hooks", oci_config, hooks, oci_hooks_desc, 0),
	ROW_MAP("annotations", oci_config, annotations, F_KEYS),
	ROW_OBJECT("linux", oci_config, lin, oci_linux_desc, 0),
	ROW_SKIP("freebsd"),
	ROW_SKIP("solaris"),
	ROW_SKIP("vm"),
	ROW_SKIP("windows"),
	ROW_SKIP("zos"),
	{ 0 },
};
/* clang-format on */

OBJECT_DESC(config, oci_config, check_config);

static const struct decode_root config_root = {
	.field = {.type = F_EMBED, .desc = &config_desc},
	.size = sizeof(struct oci_config),
	.gate = version_gate,
};

int oci_config_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			  struct oci_config **ret, struct oci_err *err)
{
	void *doc;
	int r = decode_document(text, len, opts, &config_root, &doc, err);

	if (r == 0)
		*ret = doc;
	return r;
}

const char *oci_config_annotation(const struct oci_config *config, const char *key)
{
	for (size_t i = 0; i < config->n_annotations; i++)
		if (strcmp(config->annotations[i].key, key) == 0)
			return config->annotations[i].value;
	return NULL;
}

void oci_config_free(struct oci_config *config)
{
	arena_free_root(config);
}

void oci_process_free(struct oci_process *process)
{
	arena_free_root(process);
}

void oci_resources_free(struct oci_resources *resources)
{
	arena_free_root(resources);
}

void oci_seccomp_free(struct oci_seccomp *seccomp)
{
	arena_free_root(seccomp);
}

void oci_mounts_free(struct oci_mounts *mounts)
{
	arena_free_root(mounts);
}
