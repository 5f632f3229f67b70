/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing the status file of a container. Runs in the commands. */
#include <config.h>

#include "container/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "libocispec/encode.h"
#include "libocispec/json.h"

#define STATUS_MAX (8u << 20)
#define STATUS_TMP "status.tmp"

static const char *const map_names[] = {
	[PLAN_MAP_NONE] = "none",
	[PLAN_MAP_DIRECT] = "direct",
	[PLAN_MAP_SELF] = "self",
	[PLAN_MAP_HELPER] = "helper",
};

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void free_ids(struct plan_ids *ids)
{
	free((char *)ids->join_path);
	free((char *)ids->newuidmap);
	free((char *)ids->newgidmap);
	free(ids->uids);
	free(ids->gids);
}

void status_free(struct status *s)
{
	if (!s)
		return;
	free(s->oci_version);
	free(s->bundle);
	free(s->rootfs);
	free(s->created);
	free(s->owner);
	free(s->cgroup_path);
	free(s->rdt_group);
	free(s->rdt_monitor);
	free(s->systemd_scope);
	free(s->cow_dir);
	free(s->cow_commit_to);
	free_ids(&s->ids);
	for (size_t i = 0; i < s->n_annotations; i++) {
		free((char *)s->annotations[i].key);
		free((char *)s->annotations[i].value);
	}
	free(s->annotations);
	free(s);
}

static struct plan_id_range *dup_ranges(const struct plan_id_range *v, size_t n)
{
	struct plan_id_range *copy = xcalloc(n ? n : 1, sizeof(*v));

	if (n)
		memcpy(copy, v, n * sizeof(*v));
	return copy;
}

static void add_annotation(struct status *s, const char *key, const char *value)
{
	s->annotations =
		xreallocarray(s->annotations, s->n_annotations + 1, sizeof(*s->annotations));
	s->annotations[s->n_annotations].key = xstrdup(key);
	s->annotations[s->n_annotations++].value = xstrdup(value);
}

void status_set_plan(struct status *s, const struct plan *plan)
{
	const struct plan_hook_list *hooks = plan->hooks;

	s->bundle = xstrdup(plan->bundle);
	s->rootfs = dup_or_null(plan->rootfs.config_path);
	s->private_pidns = plan->ns[PLAN_NS_PID].how == PLAN_NS_NEW;
	s->has_hooks = hooks[PLAN_HOOK_POSTSTART].n || hooks[PLAN_HOOK_POSTSTOP].n;
	if (plan->cow.on) {
		s->cow_dir = xstrdup(plan->cow.dir);
		s->cow_keep = plan->cow.keep;
		s->cow_commit_to = dup_or_null(plan->cow.commit_to);
	}
	s->ids = plan->ids;
	s->ids.join_path = dup_or_null(plan->ids.join_path);
	s->ids.newuidmap = dup_or_null(plan->ids.newuidmap);
	s->ids.newgidmap = dup_or_null(plan->ids.newgidmap);
	s->ids.uids = dup_ranges(plan->ids.uids, plan->ids.n_uids);
	s->ids.gids = dup_ranges(plan->ids.gids, plan->ids.n_gids);
	for (size_t i = 0; i < plan->n_annotations; i++)
		add_annotation(s, plan->annotations[i].key, plan->annotations[i].value);
}

static void out_ranges(struct encoder *o, const char *key, const struct plan_id_range *v, size_t n)
{
	encode_member_array(o, key);
	for (size_t i = 0; i < n; i++) {
		encode_begin_array(o);
		encode_u64(o, v[i].inside);
		encode_u64(o, v[i].outside);
		encode_u64(o, v[i].count);
		encode_end_array(o);
	}
	encode_end_array(o);
}

static void out_ids(struct encoder *o, const struct plan_ids *ids)
{
	if (ids->how == PLAN_MAP_NONE && !ids->join_path)
		return;
	encode_member_object(o, "ids");
	encode_member_string(o, "how", map_names[ids->how]);
	encode_member_string(o, "join", ids->join_path);
	encode_member_string(o, "newuidmap", ids->newuidmap);
	encode_member_string(o, "newgidmap", ids->newgidmap);
	out_ranges(o, "uids", ids->uids, ids->n_uids);
	out_ranges(o, "gids", ids->gids, ids->n_gids);
	encode_end_object(o);
}

static void out_status(struct buf *text, const struct status *s)
{
	struct encoder o = {.out = text};

	encode_begin_object(&o);
	encode_member_i64(&o, "version", STATUS_VERSION);
	encode_member_bool(&o, "creating", s->creating);
	encode_member_string(&o, "ociVersion", s->oci_version);
	encode_member_i64(&o, "pid", s->pid);
	encode_member_u64(&o, "process-start-time", s->start_time);
	encode_member_string(&o, "bundle", s->bundle);
	encode_member_string(&o, "rootfs", s->rootfs);
	encode_member_string(&o, "created", s->created);
	encode_member_string(&o, "owner", s->owner);
	encode_member_string(&o, "cgroup-path", s->cgroup_path);
	encode_member_bool(&o, "cgroup-ours", s->cgroup_ours);
	if (s->systemd_scope) {
		encode_member_string(&o, "systemd-scope", s->systemd_scope);
		encode_member_bool(&o, "systemd-user", s->systemd_user);
	}
	encode_member_bool(&o, "private-pid-namespace", s->private_pidns);
	encode_member_bool(&o, "hooks", s->has_hooks);
	if (s->devices_updated)
		encode_member_bool(&o, "devices-updated", true);
	if (s->rdt_group) {
		encode_member_object(&o, "intel-rdt");
		encode_member_string(&o, "group", s->rdt_group);
		encode_member_bool(&o, "ours", s->rdt_ours);
		encode_member_string(&o, "monitor", s->rdt_monitor);
		encode_end_object(&o);
	}
	if (s->supervisor_pid) {
		encode_member_i64(&o, "supervisor-pid", s->supervisor_pid);
		encode_member_u64(&o, "supervisor-start-time", s->supervisor_start_time);
	}
	if (s->cow_dir) {
		encode_member_object(&o, "cow");
		encode_member_string(&o, "dir", s->cow_dir);
		encode_member_bool(&o, "keep", s->cow_keep);
		encode_member_string(&o, "commit-to", s->cow_commit_to);
		if (s->cow_lazy)
			encode_member_bool(&o, "lazy", true);
		encode_end_object(&o);
	}
	out_ids(&o, &s->ids);
	encode_member_object(&o, "annotations");
	for (size_t i = 0; i < s->n_annotations; i++)
		encode_member_string(&o, s->annotations[i].key, s->annotations[i].value);
	encode_end_object(&o);
	encode_end_object(&o);
	buf_add_char(text, '\n');
}

int status_write(int dir_fd, const struct status *s, struct err **err)
{
	cleanup_buf struct buf text = {0};
	cleanup_fd int fd = -EBADF;
	int r;

	out_status(&text, s);
	if (text.error)
		return err_set(err, text.error, "write the container's status");
	fd = openat(dir_fd, STATUS_TMP, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.len);
	/* No fsync: the state root is a tmpfs, nothing of a container survives a reboot anyway. */
	if (r == 0 && renameat(dir_fd, STATUS_TMP, dir_fd, "status") < 0)
		r = -errno;
	return r < 0 ? err_set(err, r, "write the container's status") : 0;
}

static char *get_str(const struct json_value *v, const char *key)
{
	const char *s = NULL;

	return json_get_string(v, key, &s) == 0 ? xstrdup(s) : NULL;
}

static bool get_bool(const struct json_value *v, const char *key)
{
	bool b = false;

	json_get_bool(v, key, &b);
	return b;
}

static uint64_t get_u64(const struct json_value *v, const char *key)
{
	uint64_t n = 0;

	json_get_u64(v, key, &n);
	return n;
}

static bool get_ranges(const struct json_value *list, struct plan_id_range **ret, size_t *ret_n)
{
	size_t n = 0;

	if (!list)
		return false;
	*ret = xcalloc(json_len(list) + 1, sizeof(**ret));
	for (const struct json_value *v = json_first(list); v; v = json_next(v)) {
		const struct json_value *item = json_first(v);
		uint64_t nums[3];

		for (int i = 0; i < 3; i++, item = json_next(item))
			if (!item || json_to_u64(item, &nums[i]) < 0 || nums[i] > UINT32_MAX)
				return false;
		(*ret)[n++] = (struct plan_id_range){(uint32_t)nums[0], (uint32_t)nums[1],
						     (uint32_t)nums[2]};
	}
	*ret_n = n;
	return true;
}

static bool get_ids(const struct json_value *v, struct plan_ids *ids)
{
	cleanup_free char *how = NULL;

	if (!v)
		return true;
	how = get_str(v, "how");
	ids->join_path = get_str(v, "join");
	ids->newuidmap = get_str(v, "newuidmap");
	ids->newgidmap = get_str(v, "newgidmap");
	for (size_t i = 0; how && i < ARRAY_SIZE(map_names); i++)
		if (strcmp(map_names[i], how) == 0)
			ids->how = (enum plan_map_how)i;
	return get_ranges(json_get(v, "uids"), &ids->uids, &ids->n_uids) &&
	       get_ranges(json_get(v, "gids"), &ids->gids, &ids->n_gids);
}

static bool decode(const struct json_value *v, struct status *s)
{
	const struct json_value *cow = json_get(v, "cow"), *rdt = json_get(v, "intel-rdt"),
				*annotations = json_get(v, "annotations");
	const char *value;

	if (get_u64(v, "version") != STATUS_VERSION)
		return false;
	s->creating = get_bool(v, "creating");
	s->oci_version = get_str(v, "ociVersion");
	s->pid = (pid_t)get_u64(v, "pid");
	s->start_time = get_u64(v, "process-start-time");
	s->bundle = get_str(v, "bundle");
	s->rootfs = get_str(v, "rootfs");
	s->created = get_str(v, "created");
	s->owner = get_str(v, "owner");
	s->cgroup_path = get_str(v, "cgroup-path");
	s->cgroup_ours = get_bool(v, "cgroup-ours");
	s->systemd_scope = get_str(v, "systemd-scope");
	s->systemd_user = get_bool(v, "systemd-user");
	s->private_pidns = get_bool(v, "private-pid-namespace");
	s->has_hooks = get_bool(v, "hooks");
	s->devices_updated = get_bool(v, "devices-updated");
	s->supervisor_pid = (pid_t)get_u64(v, "supervisor-pid");
	s->supervisor_start_time = get_u64(v, "supervisor-start-time");
	if (rdt) {
		s->rdt_group = get_str(rdt, "group");
		s->rdt_ours = get_bool(rdt, "ours");
		s->rdt_monitor = get_str(rdt, "monitor");
	}
	if (cow) {
		s->cow_dir = get_str(cow, "dir");
		s->cow_keep = get_bool(cow, "keep");
		s->cow_commit_to = get_str(cow, "commit-to");
		s->cow_lazy = get_bool(cow, "lazy");
	}
	for (const struct json_value *a = annotations ? json_first(annotations) : NULL; a;
	     a = json_next(a))
		if (json_to_string(a, &value) == 0)
			add_annotation(s, json_key(a), value);
	return s->oci_version && s->bundle && s->created && (!cow || s->cow_dir) &&
	       (!rdt || s->rdt_group) && get_ids(json_get(v, "ids"), &s->ids);
}

int status_read(int dir_fd, const char *dirname, struct status **ret, struct err **err)
{
	cleanup_fd int fd = openat(dir_fd, "status", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	cleanup_status struct status *s = NULL;
	cleanup_buf struct buf text = {0};
	cleanup_json struct json_doc *doc = NULL;
	struct oci_err where;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	r = fd < 0 ? -errno : fd_read_to_buf(fd, STATUS_MAX, &text);
	if (r < 0)
		return err_set(err, r, "read %s/status", dirname);
	r = json_parse(text.data ? text.data : "", text.len, &doc, &where);
	if (r < 0)
		return err_text(err, EUCLEAN, "%s/status is damaged: %s", dirname, where.msg);
	s = xcalloc(1, sizeof(*s));
	if (!decode(json_root(doc), s))
		return err_text(
			err, EUCLEAN,
			"%s/status was not written by this runtime or by a newer version of it",
			dirname);
	*ret = steal_ptr(&s);
	return 0;
}
