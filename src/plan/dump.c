/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan as text: one "area.name: value" per line, in a fixed order. For --dump-plan and golden tests; not a stable interface. */
#include <config.h>

#include "plan/plan.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "host/cred.h"
#include "host/mount.h"
#include "libocispec/oci_types.h"
#include "plan/internal.h"

/* A line per value: control characters and backslashes are escaped. */
static void add_text(struct buf *out, const char *s)
{
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f || c == '\\')
			buf_printf(out, "\\%03o", c);
		else
			buf_add_char(out, *s);
	}
}

static void line(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "%s: ", name);
	add_text(out, value);
	buf_add_char(out, '\n');
}

static void lines(struct buf *out, const char *name, char *const *values)
{
	for (size_t i = 0; values && values[i]; i++)
		line(out, name, values[i]);
}

static void flag(struct buf *out, const char *name, bool value)
{
	if (value)
		buf_printf(out, "%s: yes\n", name);
}

struct bit_name {
	uint64_t bit;
	const char *name;
};

static void bits(struct buf *out, const char *prefix, uint64_t value, const struct bit_name *names,
		 size_t n)
{
	if (value == 0)
		return;
	buf_printf(out, " %s=", prefix);
	for (size_t i = 0; i < n; i++) {
		if ((value & names[i].bit) != names[i].bit)
			continue;
		buf_printf(out, "%s%s", out->data[out->len - 1] == '=' ? "" : ",", names[i].name);
		value &= ~names[i].bit;
	}
	if (value)
		buf_printf(out, "+0x%llx", (unsigned long long)value);
}

static const struct bit_name attr_names[] = {
	{MOUNT_ATTR_RDONLY, "ro"},
	{MOUNT_ATTR_NOSUID, "nosuid"},
	{MOUNT_ATTR_NODEV, "nodev"},
	{MOUNT_ATTR_NOEXEC, "noexec"},
	{MOUNT_ATTR__ATIME, "atime"},
	{MOUNT_ATTR_NOATIME, "noatime"},
	{MOUNT_ATTR_STRICTATIME, "strictatime"},
	{MOUNT_ATTR_NODIRATIME, "nodiratime"},
	{MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
};

static const struct bit_name sb_names[] = {
	{MS_SYNCHRONOUS, "sync"},  {MS_DIRSYNC, "dirsync"},    {MS_MANDLOCK, "mand"},
	{MS_LAZYTIME, "lazytime"}, {MS_I_VERSION, "iversion"}, {MS_SILENT, "silent"},
};

static const struct bit_name propagation_names[] = {
	{MS_REC, "rec"},	 {MS_SHARED, "shared"},		{MS_SLAVE, "slave"},
	{MS_PRIVATE, "private"}, {MS_UNBINDABLE, "unbindable"},
};

static void dump_ids(const struct plan *plan, struct buf *out)
{
	static const char *const how[] = {"none", "direct", "self", "helper"};
	const struct plan_ids *ids = &plan->ids;

	buf_printf(out, "ids: %s%s\n", how[ids->how], ids->automatic ? " automatic" : "");
	for (size_t i = 0; i < ids->n_uids; i++)
		buf_printf(out, "ids.uid: %u %u %u\n", ids->uids[i].inside, ids->uids[i].outside,
			   ids->uids[i].count);
	for (size_t i = 0; i < ids->n_gids; i++)
		buf_printf(out, "ids.gid: %u %u %u\n", ids->gids[i].inside, ids->gids[i].outside,
			   ids->gids[i].count);
	line(out, "ids.newuidmap", ids->newuidmap);
	line(out, "ids.newgidmap", ids->newgidmap);
}

static void dump_namespaces(const struct plan *plan, struct buf *out)
{
	for (int i = 0; i < PLAN_NS_COUNT; i++) {
		if (plan->ns[i].how == PLAN_NS_INHERIT)
			continue;
		buf_printf(out, "namespace.%s: ", plan_ns_name(i));
		if (plan->ns[i].how == PLAN_NS_JOIN)
			add_text(out, plan->ns[i].path);
		else
			buf_add_str(out, "new");
		buf_add_char(out, '\n');
	}
	if (plan->monotonic.set)
		buf_printf(out, "time.monotonic: %lld %u\n", (long long)plan->monotonic.secs,
			   plan->monotonic.nanosecs);
	if (plan->boottime.set)
		buf_printf(out, "time.boottime: %lld %u\n", (long long)plan->boottime.secs,
			   plan->boottime.nanosecs);
}

static void dump_rootfs(const struct plan *plan, struct buf *out)
{
	const struct plan_cow *cow = &plan->cow;

	line(out, "rootfs.path", plan->rootfs.path);
	flag(out, "rootfs.readonly", plan->rootfs.readonly);
	buf_add_str(out, "rootfs.propagation:");
	bits(out, plan->rootfs.propagation_given ? "given" : "default", plan->rootfs.propagation,
	     propagation_names, ARRAY_SIZE(propagation_names));
	buf_add_char(out, '\n');
	flag(out, "rootfs.no_pivot", plan->rootfs.no_pivot);
	buf_printf(out, "cow: %s (", cow->on ? "on" : "off");
	add_text(out, cow->reason);
	buf_add_str(out, ")\n");
	if (!cow->on)
		return;
	lines(out, "cow.lower", cow->lowers);
	line(out, "cow.dir", cow->dir);
	line(out, "cow.spare", cow->spare);
	line(out, "cow.share", plan_share_name(cow->share));
	flag(out, "cow.existing", cow->existing);
	if (cow->populate != PLAN_POPULATE_AUTO)
		line(out, "cow.populate", plan_populate_name(cow->populate));
	flag(out, "cow.keep", cow->keep);
	line(out, "cow.commit_to", cow->commit_to);
	flag(out, "cow.shift_ids", cow->shift_ids);
}

static void dump_ranges(struct buf *out, const char *name, const struct plan_id_range *v, size_t n)
{
	buf_printf(out, " %s", name);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%c%u-%u-%u", i ? '#' : '=', v[i].inside, v[i].outside, v[i].count);
}

static void dump_idmap(const struct plan *plan, const struct plan_mount *m, struct buf *out)
{
	if (!m->idmap)
		return;
	buf_add_str(out, m->idmap_rec ? " ridmap" : " idmap");
	if (m->idmap == &plan->ids) {
		buf_add_str(out, "=container");
		return;
	}
	dump_ranges(out, "uids", m->idmap->uids, m->idmap->n_uids);
	dump_ranges(out, "gids", m->idmap->gids, m->idmap->n_gids);
}

static void dump_mount(const struct plan *plan, const struct plan_mount *m, struct buf *out)
{
	static const char *const kinds[] = {"fs", "bind", "remount", "cgroup"};

	buf_printf(out, "mount: %s ", kinds[m->kind]);
	add_text(out, m->dest);
	if (m->fstype) {
		buf_add_str(out, " type=");
		add_text(out, m->fstype);
	}
	if (m->source) {
		buf_add_str(out, " source=");
		add_text(out, m->source);
	}
	buf_add_str(out, m->rec ? " rec" : "");
	bits(out, "set", m->attr_set, attr_names, ARRAY_SIZE(attr_names));
	bits(out, "clr", m->attr_clr, attr_names, ARRAY_SIZE(attr_names));
	bits(out, "rset", m->rec_set, attr_names, ARRAY_SIZE(attr_names));
	bits(out, "rclr", m->rec_clr, attr_names, ARRAY_SIZE(attr_names));
	bits(out, "sb", m->sb_flags, sb_names, ARRAY_SIZE(sb_names));
	bits(out, "propagation", m->propagation, propagation_names, ARRAY_SIZE(propagation_names));
	if (m->data[0]) {
		buf_add_str(out, " data=");
		add_text(out, m->data);
	}
	buf_add_str(out, m->copy_up ? " copy-up" : "");
	buf_add_str(out, m->copy_symlink ? " copy-symlink" : "");
	buf_add_str(out, m->src_nofollow ? " src-nofollow" : "");
	buf_add_str(out, m->dest_nofollow ? " dest-nofollow" : "");
	dump_idmap(plan, m, out);
	buf_add_char(out, '\n');
}

static void dump_devices(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->n_devices; i++) {
		const struct plan_device *d = &plan->devices[i];

		buf_printf(out, "device: %c ", d->type);
		add_text(out, d->path);
		buf_printf(out, " %u:%u mode=%04o owner=%u:%u%s\n", d->major, d->minor, d->mode,
			   d->uid, d->gid, d->is_default ? " default" : "");
	}
	flag(out, "devices.dev_is_bound", plan->dev_is_bound);
	flag(out, "devices.bind", plan->bind_devices);
}

static void dump_caps(struct buf *out, const char *name, uint64_t mask)
{
	buf_printf(out, "process.caps.%s:", name);
	for (unsigned i = 0; i < 64; i++) {
		const char *cap = host_cap_name(i);

		if (!(mask & UINT64_C(1) << i))
			continue;
		if (cap)
			buf_printf(out, " %s", cap + 4);
		else
			buf_printf(out, " %u", i);
	}
	buf_add_char(out, '\n');
}

static void dump_process(const struct plan_process *p, struct buf *out)
{
	lines(out, "process.arg", p->args);
	lines(out, "process.env", p->env);
	line(out, "process.cwd", p->cwd);
	buf_printf(out, "process.user: %u:%u\n", p->uid, p->gid);
	for (size_t i = 0; i < p->n_groups; i++)
		buf_printf(out, "process.group: %u\n", p->groups[i]);
	flag(out, "process.keep_groups", p->keep_groups);
	if (p->has_umask)
		buf_printf(out, "process.umask: %04o\n", p->umask);
	flag(out, "process.no_new_privs", p->no_new_privs);
	dump_caps(out, "bounding", p->caps.bounding);
	dump_caps(out, "effective", p->caps.effective);
	dump_caps(out, "inheritable", p->caps.inheritable);
	dump_caps(out, "permitted", p->caps.permitted);
	dump_caps(out, "ambient", p->caps.ambient);
	for (size_t i = 0; i < p->n_rlimits; i++)
		buf_printf(out, "process.rlimit: %s %llu %llu\n", p->rlimits[i].name,
			   (unsigned long long)p->rlimits[i].soft,
			   (unsigned long long)p->rlimits[i].hard);
	if (p->has_oom_score_adj)
		buf_printf(out, "process.oom_score_adj: %d\n", p->oom_score_adj);
	if (p->terminal)
		buf_printf(out, "process.terminal: %ux%u\n", p->console_width, p->console_height);
	line(out, "process.apparmor", p->apparmor);
	line(out, "process.selinux", p->selinux);
}

static void dump_set(struct buf *out, const char *name, const struct idset *set)
{
	if (!set->words)
		return;
	buf_printf(out, "%s: ", name);
	idset_format(set, out);
	buf_add_char(out, '\n');
}

static void dump_schedule(const struct plan_process *p, struct buf *out)
{
	const struct host_sched *s = &p->scheduler;

	if (p->has_scheduler)
		buf_printf(out,
			   "process.scheduler: %s nice=%d priority=%u flags=0x%llx runtime=%llu "
			   "deadline=%llu period=%llu\n",
			   oci_sched_policy_name(s->policy), s->nice, s->priority,
			   (unsigned long long)s->flags, (unsigned long long)s->runtime,
			   (unsigned long long)s->deadline, (unsigned long long)s->period);
	if (p->io_class)
		buf_printf(out, "process.io_priority: %s %d\n", oci_io_class_name(p->io_class),
			   p->io_priority);
	dump_set(out, "process.cpus_initial", &p->cpus_initial);
	dump_set(out, "process.cpus_final", &p->cpus_final);
}

static void dump_memory_policy(const struct plan_memory_policy *m, struct buf *out)
{
	if (!m->set)
		return;
	buf_printf(out, "memory_policy: %s flags=0x%x\n", oci_memory_mode_name(m->mode), m->flags);
	dump_set(out, "memory_policy.nodes", &m->nodes);
}

static void dump_hooks(const struct plan *plan, struct buf *out)
{
	for (int kind = 0; kind < PLAN_HOOK_COUNT; kind++) {
		for (size_t i = 0; i < plan->hooks[kind].n; i++) {
			const struct plan_hook *h = &plan->hooks[kind].v[i];

			buf_printf(out, "hook.%s: ", plan_hook_name(kind));
			add_text(out, h->path);
			for (size_t j = 0; h->args && h->args[j]; j++) {
				buf_add_char(out, ' ');
				add_text(out, h->args[j]);
			}
			if (h->timeout)
				buf_printf(out, " timeout=%d", h->timeout);
			buf_add_char(out, '\n');
		}
	}
}

void plan_dump(const struct plan *plan, struct buf *out)
{
	line(out, "id", plan->id);
	line(out, "bundle", plan->bundle);
	dump_namespaces(plan, out);
	dump_ids(plan, out);
	dump_rootfs(plan, out);
	for (size_t i = 0; i < plan->n_mounts; i++)
		dump_mount(plan, &plan->mounts[i], out);
	dump_devices(plan, out);
	if (plan->rdt.set) {
		line(out, "rdt.root", plan->rdt.root);
		line(out, "rdt.clos_id", plan->rdt.clos_id);
		lines(out, "rdt.schema", plan->rdt.schemata);
		flag(out, "rdt.monitoring", plan->rdt.monitoring);
	}
	for (size_t i = 0; i < plan->n_net_devices; i++)
		buf_printf(out, "net_device: %s as %s\n", plan->net_devices[i].host_name,
			   plan->net_devices[i].name);
	lines(out, "masked", plan->masked_paths);
	lines(out, "readonly", plan->readonly_paths);
	line(out, "hostname", plan->hostname);
	line(out, "domainname", plan->domainname);
	for (size_t i = 0; i < plan->n_sysctl; i++) {
		buf_add_str(out, "sysctl: ");
		add_text(out, plan->sysctl[i].key);
		buf_add_str(out, " = ");
		add_text(out, plan->sysctl[i].value);
		buf_add_char(out, '\n');
	}
	flag(out, "new_keyring", plan->new_keyring);
	if (plan->has_personality)
		buf_printf(out, "personality: %s\n", oci_personality_name(plan->personality));
	dump_memory_policy(&plan->memory_policy, out);
	if (plan->has_process) {
		dump_process(&plan->process, out);
		dump_schedule(&plan->process, out);
	}
	dump_hooks(plan, out);
	line(out, "cgroups_path", plan->cgroups_path);
	if (plan->cgroup_owner.set)
		buf_printf(out, "cgroup_owner: %u:%u\n", plan->cgroup_owner.uid,
			   plan->cgroup_owner.gid);
	flag(out, "resources", plan->resources != NULL);
	if (plan->seccomp)
		buf_printf(out, "seccomp: %s, %zu rules\n",
			   oci_seccomp_action_name(plan->seccomp->default_action),
			   plan->seccomp->n_syscalls);
	flag(out, "seccomp.strict", plan->seccomp_strict);
	if (plan->seccomp_raw)
		buf_printf(out, "seccomp: %u instructions\n", plan->seccomp_raw_len);
	line(out, "seccomp.agent", plan->seccomp_agent);
	line(out, "seccomp.metadata", plan->seccomp_metadata);
	plan_dump_landlock(plan, out);
	flag(out, "notify", plan->notify);
	for (size_t i = 0; i < plan->n_annotations; i++) {
		buf_add_str(out, "annotation: ");
		add_text(out, plan->annotations[i].key);
		buf_add_str(out, " = ");
		add_text(out, plan->annotations[i].value);
		buf_add_char(out, '\n');
	}
	lines(out, "warning", plan->warnings);
}
