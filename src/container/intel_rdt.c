/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of resctrl. Runs in create, exec, update and delete, as root. The names are one path component each: the parser and the id check see to it. */
#include <config.h>

#include "container/intel_rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "container/status.h"
#include "plan/plan.h"

#define SCHEMATA_MAX 65536

static int write_line(const char *dir, const char *file, const char *line, struct err **err)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, file), *text = xasprintf("%s\n", line);
	cleanup_fd int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	return r < 0 ? err_set(err, r, "linux.intelRdt: write `%s` to `%s`", line, path) : 0;
}

static int add_task(const char *dir, pid_t pid, struct err **err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return write_line(dir, "tasks", text, err);
}

/* Value of "RESOURCE:...;DOMAIN=value;..." in the schemata that the kernel shows; NULL: not there. Ends at ';' or the line's end. */
static const char *find_value(char *const *lines, const char *resource, size_t resource_len,
			      const char *domain, size_t domain_len)
{
	for (; lines && *lines; lines++) {
		const char *p = *lines + strspn(*lines, " ");

		if (strncmp(p, resource, resource_len) != 0 || p[resource_len] != ':')
			continue;
		for (p += resource_len + 1; *p; p += strcspn(p, ";"), p += *p == ';') {
			p += strspn(p, " ");
			if (strncmp(p, domain, domain_len) == 0 && p[domain_len] == '=')
				return p + domain_len + 1;
		}
	}
	return NULL;
}

/* Masks and percentages: leading zeros and blanks do not count. */
static bool same_value(const char *a, const char *b)
{
	a += strspn(a, " 0");
	b += strspn(b, " 0");
	for (; *a && *a == *b && *a != ';'; a++, b++)
		;
	return (*a == '\0' || *a == ';' || *a == ' ') && (*b == '\0' || *b == ';' || *b == ' ');
}

static bool line_is_set(char *const *lines, const char *want)
{
	size_t resource_len = strcspn(want, ":");

	for (const char *p = want + resource_len; *p;) {
		const char *domain = p + 1 + strspn(p + 1, " "), *value = strchr(domain, '=');
		const char *have = value ? find_value(lines, want, resource_len, domain,
						      (size_t)(value - domain))
					 : NULL;

		if (!have || !same_value(have, value + 1))
			return false;
		p = domain + strcspn(domain, ";");
	}
	return true;
}

static int read_schemata(const char *dir, char **ret, struct err **err)
{
	cleanup_free char *path = xasprintf("%s/schemata", dir);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_buf struct buf text = {0};
	int r = fd < 0 ? -errno : fd_read_to_buf(fd, SCHEMATA_MAX, &text);

	if (r < 0)
		return err_set(err, r, "linux.intelRdt: read `%s`", path);
	*ret = text.len ? buf_steal(&text) : xstrdup("");
	return 0;
}

/* A group of somebody else is only joined if it is what was asked for. */
static int compare_schemata(const char *dir, const struct plan_rdt *rdt, struct err **err)
{
	cleanup_free char *text = NULL;
	cleanup_strv char **lines = NULL;
	int r = read_schemata(dir, &text, err);

	if (r < 0)
		return r;
	lines = strv_split(text, '\n');
	for (char **want = rdt->schemata; want && *want; want++) {
		if (!line_is_set(lines, *want))
			return err_text(
				err, EEXIST,
				"linux.intelRdt: the group `%s` exists and its schemata are "
				"not `%s`",
				dir, *want);
	}
	return 0;
}

static int write_schemata(const char *dir, const struct plan_rdt *rdt, struct err **err)
{
	int r = 0;

	for (char **line = rdt->schemata; line && *line && r == 0; line++)
		r = write_line(dir, "schemata", *line, err);
	return r;
}

static int open_group(const struct plan_rdt *rdt, struct status *s, struct err **err)
{
	bool must_exist = rdt->clos_id && !rdt->schemata;

	if (!must_exist && mkdir(s->rdt_group, 0755) == 0) {
		s->rdt_ours = true;
		return write_schemata(s->rdt_group, rdt, err);
	}
	if (!must_exist && errno != EEXIST)
		return err_set(err, errno, "linux.intelRdt: make the group `%s`", s->rdt_group);
	if (access(s->rdt_group, F_OK) < 0)
		return err_set(err, errno, "linux.intelRdt: the group `%s`", s->rdt_group);
	return rdt->schemata ? compare_schemata(s->rdt_group, rdt, err) : 0;
}

static int open_monitor(const char *id, struct status *s, struct err **err)
{
	cleanup_free char *dir = xasprintf("%s/mon_groups/%s", s->rdt_group, id);

	if (mkdir(dir, 0755) < 0)
		return err_set(err, errno, "linux.intelRdt: make the monitoring group `%s`", dir);
	s->rdt_monitor = steal_ptr(&dir);
	return 0;
}

int intel_rdt_join(const struct plan_rdt *rdt, const char *id, pid_t pid, struct status *s,
		   struct err **err)
{
	bool top = rdt->clos_id && strcmp(rdt->clos_id, "/") == 0;
	int r;

	s->rdt_group = top ? xstrdup(rdt->root)
			   : xasprintf("%s/%s", rdt->root, rdt->clos_id ? rdt->clos_id : id);
	r = open_group(rdt, s, err);
	if (r == 0 && rdt->monitoring)
		r = open_monitor(id, s, err);
	return r < 0 ? r : intel_rdt_add(s, pid, err);
}

int intel_rdt_add(const struct status *s, pid_t pid, struct err **err)
{
	int r = s->rdt_group ? add_task(s->rdt_group, pid, err) : 0;

	return r == 0 && s->rdt_monitor ? add_task(s->rdt_monitor, pid, err) : r;
}

/* Both in one write: the kernel takes all lines of it, or none. */
static int write_update(const struct rdt_update *u, const char *dir, struct err **err)
{
	cleanup_free char *both =
		u->l3_cache_schema && u->mem_bw_schema
			? xasprintf("%s\n%s", u->l3_cache_schema, u->mem_bw_schema)
			: NULL;

	return write_line(dir, "schemata",
			  both		       ? both
			  : u->l3_cache_schema ? u->l3_cache_schema
					       : u->mem_bw_schema,
			  err);
}

static int make_group(const struct rdt_update *u, const char *dir, const pid_t *pids, size_t n,
		      struct err **err)
{
	int r;

	if (mkdir(dir, 0755) < 0)
		return err_set(err, errno, "linux.intelRdt: make the group `%s`", dir);
	r = write_update(u, dir, err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_task(dir, pids[i], err);
	if (r < 0)
		rmdir(dir);
	return r;
}

int intel_rdt_update(const struct rdt_update *u, const char *root, const char *id,
		     const pid_t *pids, size_t n_pids, struct status *s, char **ret_before,
		     struct err **err)
{
	cleanup_free char *dir = NULL;
	int r;

	*ret_before = NULL;
	if (s->rdt_group) {
		if (strcmp(s->rdt_group, root) == 0)
			return err_text(err, ENOTSUP,
					"linux.intelRdt: the container is in the default class "
					"(closID `/`), whose schemata are those of everybody");
		r = read_schemata(s->rdt_group, ret_before, err);
		return r < 0 ? r : write_update(u, s->rdt_group, err);
	}
	if (!root[0])
		return err_text(err, ENOTSUP,
				"linux.intelRdt: this host has no resctrl file system mounted");
	dir = xasprintf("%s/%s", root, id);
	r = make_group(u, dir, pids, n_pids, err);
	if (r < 0)
		return r;
	s->rdt_group = steal_ptr(&dir);
	s->rdt_ours = true;
	return 0;
}

void intel_rdt_set_back(const struct status *s, const char *before)
{
	cleanup_err struct err *why = NULL;
	size_t len = strlen(before);
	cleanup_free char *text = xstrndup(before, len - (len && before[len - 1] == '\n'));

	if (write_line(s->rdt_group, "schemata", text, &why) < 0)
		log_warning("the old schemata could not be set back: %s", err_msg(why));
}

static int remove_group(const char *dir, struct err **err)
{
	if (rmdir(dir) == 0 || errno == ENOENT)
		return 0;
	return err_set(err, errno, "linux.intelRdt: remove the group `%s`", dir);
}

int intel_rdt_remove(const struct status *s, struct err **err)
{
	int r = s->rdt_monitor ? remove_group(s->rdt_monitor, err) : 0;

	return r == 0 && s->rdt_ours ? remove_group(s->rdt_group, err) : r;
}
