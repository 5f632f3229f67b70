/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parser makes of good documents: every property of the specification lands in its field
 * with its exact value, absent and zero stay apart, unknown properties are ignored and reported.
 */
/* covers: parser presence, parser process resources and state */
#include <config.h>

#include "libocispec/oci_config.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/lib/tap.h"

static char *read_data(const char *name, size_t *ret_len)
{
	const char *top = getenv("top_srcdir");
	cleanup_file FILE *f = NULL;
	char path[4096], *text = malloc(1 << 16);

	snprintf(path, sizeof(path), "%s/tests/data/%s", top ? top : ".", name);
	f = fopen(path, "re");
	if (!f || !text)
		bail("cannot read %s", path);
	*ret_len = fread(text, 1, 1 << 16, f);
	return realloc(text,
		       *ret_len); /* no slack, so that a sanitizer sees a read behind the end */
}

struct unknown {
	size_t n;
	char all[2048];
};

static void remember(void *arg, const struct oci_err *where)
{
	struct unknown *u = arg;
	char line[1200];
	size_t len = strlen(u->all);

	u->n++;
	snprintf(u->all + len, sizeof(u->all) - len, "%s;",
		 oci_err_format(where, "", line, sizeof(line)));
}

static struct oci_config *parse_file(const char *name, struct unknown *unknown)
{
	struct oci_parse_opts opts = {.unknown = remember, .arg = unknown};
	struct oci_config *c = NULL;
	struct oci_err err = {0};
	char text[1200];
	size_t len;
	cleanup_free char *json = read_data(name, &len);
	int r = oci_config_parse_opts(json, len, &opts, &c, &err);

	is_int(r, 0, "%s is accepted", name);
	if (r < 0)
		bail("%s", oci_err_format(&err, name, text, sizeof(text)));
	return c;
}

static size_t count(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

static void check_process(const struct oci_process *p)
{
	ok(p->terminal && p->no_new_privileges, "terminal, noNewPrivileges");
	ok(p->console_size && p->console_size->height == 25 && p->console_size->width == 80,
	   "consoleSize");
	ok(p->user->uid == 1000 && p->user->gid == 4294967294u, "user");
	ok(p->user->umask.set && p->user->umask.v == 0, "umask 0 is a value");
	ok(p->user->n_additional_gids == 2 && p->user->additional_gids[1] == 20, "additionalGids");
	is_int(count(p->args), 3, "args");
	is_str(p->args[2], "echo \"\xc3\xa9 \xf0\x9f\x98\x80\" /", "escapes are decoded");
	ok(p->env && count(p->env) == 0, "an empty list is not absent");
	is_str(p->cwd, "/home/user", "cwd");
	ok(count(p->capabilities->bounding) == 2 && count(p->capabilities->effective) == 0,
	   "bounding, effective");
	is_str(p->capabilities->bounding[1], "CAP_FUTURE", "an unknown capability is no error");
	is_str(p->capabilities->inheritable[0], "CAP_KILL", "inheritable");
	is_str(p->capabilities->permitted[0], "CAP_CHOWN", "permitted");
	is_str(p->capabilities->ambient[0], "CAP_KILL", "ambient");
	is_int(p->n_rlimits, 2, "rlimits");
	ok(p->rlimits[0].resource == RLIMIT_NOFILE && p->rlimits[0].soft == 1024 &&
		   p->rlimits[0].hard == UINT64_MAX,
	   "rlimit with the highest number");
	is_str(p->rlimits[1].type, "RLIMIT_CORE", "rlimit name");
	is_str(p->apparmor_profile, "profile", "apparmorProfile");
	is_str(p->selinux_label, "system_u:system_r:container_t:s0", "selinuxLabel");
	ok(p->oom_score_adj.set && p->oom_score_adj.v == 0, "oomScoreAdj 0 is a value");
	ok(p->scheduler->policy == 6 && p->scheduler->flags == 0x41 && p->scheduler->runtime == 1 &&
		   p->scheduler->deadline == 2 && p->scheduler->period == UINT64_MAX,
	   "scheduler");
	ok(p->io_priority->io_class == 2 && p->io_priority->priority == 7, "ioPriority");
	is_str(p->exec_cpu_affinity->initial, "0-3,7", "execCPUAffinity.initial");
	ok(p->exec_cpu_affinity->final == NULL, "an empty final is absent");
}

static void check_landlock(const struct oci_landlock *l)
{
	ok(count(l->handled_access_fs) == 2 && count(l->handled_access_net) == 1 &&
		   count(l->scoped) == 1,
	   "landlock ruleset");
	ok(l->n_path_beneath == 1 && count(l->path_beneath[0].paths) == 2, "landlock path rule");
	is_str(l->path_beneath[0].allowed_access[0], "execute", "landlock path access");
	ok(l->n_net_port == 1 && l->net_port[0].n_ports == 2 && l->net_port[0].ports[1] == 65535,
	   "landlock port rule");
	ok(l->disable_best_effort, "disableBestEffort");
}

static void check_mounts(const struct oci_config *c)
{
	is_int(c->n_mounts, 3, "mounts");
	ok(c->mounts[0].options && count(c->mounts[0].options) == 0, "mount without options");
	is_str(c->mounts[1].destination, "relative", "a relative destination is accepted");
	ok(!c->mounts[1].type && !c->mounts[1].source && !c->mounts[1].options,
	   "empty type and source are absent");
	is_str(c->mounts[2].source, "/srv/data", "mount source");
	ok(c->mounts[2].n_uid_mappings == 1 && c->mounts[2].uid_mappings[0].host_id == 100000,
	   "mount uidMappings");
	ok(c->mounts[2].n_gid_mappings == 1 && c->mounts[2].gid_mappings[0].size == 65536,
	   "mount gidMappings");
}

static void check_hooks(const struct oci_hook_list *h)
{
	is_str(h[OCI_HOOK_PRESTART].v[0].path, "/bin/prestart", "prestart");
	is_int(h[OCI_HOOK_CREATE_RUNTIME].n, 2, "createRuntime");
	ok(h[OCI_HOOK_CREATE_RUNTIME].v[0].timeout.set &&
		   h[OCI_HOOK_CREATE_RUNTIME].v[0].timeout.v == 30,
	   "hook timeout");
	ok(!h[OCI_HOOK_CREATE_RUNTIME].v[1].timeout.set && !h[OCI_HOOK_CREATE_RUNTIME].v[1].env,
	   "hook without timeout and env");
	is_str(h[OCI_HOOK_CREATE_RUNTIME].v[0].args[1], "1", "hook args");
	is_int(h[OCI_HOOK_CREATE_CONTAINER].n, 0, "createContainer");
	is_str(h[OCI_HOOK_START_CONTAINER].v[0].path, "/bin/start", "startContainer");
	is_str(h[OCI_HOOK_POSTSTART].v[0].path, "/bin/poststart", "poststart");
	is_str(h[OCI_HOOK_POSTSTOP].v[0].path, "/bin/poststop", "poststop");
	is_str(oci_hook_kind_name(OCI_HOOK_CREATE_RUNTIME), "createRuntime", "hook name");
}

static void check_linux(const struct oci_linux *l)
{
	is_int(l->n_namespaces, OCI_NS_COUNT, "namespaces");
	is_str(oci_linux_find_namespace(l, OCI_NS_PID)->path, "/proc/1/ns/pid", "namespace path");
	ok(!oci_linux_find_namespace(l, OCI_NS_NETWORK)->path, "an empty namespace path is absent");
	is_str(oci_ns_type_name(OCI_NS_UTS), "uts", "namespace name");
	ok(l->n_uid_mappings == 2 && l->uid_mappings[1].container_id == 1 &&
		   l->uid_mappings[1].size == 65535,
	   "uidMappings");
	ok(l->n_gid_mappings == 1 && l->gid_mappings[0].size == UINT32_MAX,
	   "gidMappings: the largest range");
	ok(l->time_offsets->monotonic.set && l->time_offsets->monotonic.secs == INT64_MIN &&
		   l->time_offsets->monotonic.nanosecs == 999999999,
	   "monotonic offset, lowest number");
	ok(l->time_offsets->boottime.set && l->time_offsets->boottime.secs == INT64_MAX,
	   "boottime offset, highest number");
	is_int(l->n_devices, 3, "devices");
	ok(l->devices[0].type == 'c' && l->devices[0].major.v == 10 && l->devices[0].minor.v == 229,
	   "device numbers");
	ok(l->devices[0].file_mode.v == 0666 && l->devices[0].uid.set && l->devices[0].gid.set,
	   "device mode and owner");
	ok(l->devices[1].type == 'p' && !l->devices[1].major.set && !l->devices[1].file_mode.set,
	   "fifo without numbers");
	ok(l->devices[2].major.set && l->devices[2].file_mode.set && !l->devices[2].uid.set,
	   "0 is a device number and a mode");
	is_int(l->n_net_devices, 2, "netDevices");
	is_str(l->net_devices[0].host_name, "eth0", "netDevices key");
	is_str(l->net_devices[0].name, "container_eth0", "netDevices name");
	ok(!l->net_devices[1].name, "netDevices without name");
	is_str(l->cgroups_path, "machine.slice:prefix:name", "cgroupsPath");
	is_str(l->intel_rdt->clos_id, "group", "closID");
	is_str(l->intel_rdt->schemata[0], "L3:0=f", "schemata");
	is_str(l->intel_rdt->mem_bw_schema, "MB:0=20", "memBwSchema");
	is_str(l->intel_rdt->l3_cache_schema, "L3:0=7f0", "l3CacheSchema");
	ok(l->intel_rdt->enable_monitoring, "enableMonitoring");
	is_int(l->rootfs_propagation, OCI_PROPAGATION_SLAVE, "rootfsPropagation");
	is_str(oci_propagation_name(l->rootfs_propagation), "slave", "propagation name");
	is_str(l->masked_paths[0], "/proc/kcore", "maskedPaths");
	ok(l->readonly_paths && !l->readonly_paths[0], "readonlyPaths");
	is_str(l->mount_label, "system_u:object_r:container_file_t:s0", "mountLabel");
	ok(l->n_sysctl == 2 && !strcmp(l->sysctl[1].key, "net/core/somaxconn") &&
		   !strcmp(l->sysctl[1].value, "256"),
	   "sysctl");
	is_int(l->personality->domain, 8, "personality");
	ok(l->memory_policy->mode == 6 && l->memory_policy->flags == (1 << 15 | 1 << 14),
	   "memoryPolicy");
	is_str(l->memory_policy->nodes, "0-1", "memoryPolicy.nodes");
}

static void check_memory_and_cpu(const struct oci_memory *m, const struct oci_cpu *c)
{
	ok(m->limit.set && m->limit.v == -1 && m->reservation.set && m->reservation.v == 0,
	   "memory limit, reservation");
	ok(m->swap.v == INT64_MAX && m->kernel.v == 1 && m->kernel_tcp.v == 2,
	   "memory swap, kernel, kernelTCP");
	ok(m->swappiness.set && m->swappiness.v == 0, "swappiness 0 is a value");
	ok(m->disable_oom_killer.set && !m->disable_oom_killer.v,
	   "disableOOMKiller false is a value");
	ok(m->use_hierarchy.v && m->check_before_update.v, "useHierarchy, checkBeforeUpdate");
	ok(c->shares.v == UINT64_MAX && c->quota.v == INT64_MIN && c->period.v == 100000,
	   "cpu shares, quota, period");
	ok(c->burst.set && c->realtime_runtime.v == -1 && c->realtime_period.v == 5 &&
		   c->idle.v == 1,
	   "cpu, the rest");
	is_str(c->cpus, "0-1", "cpus");
	is_str(c->mems, "0", "mems");
}

static void check_resources(const struct oci_resources *r)
{
	const struct oci_block_io *b = r->block_io;

	is_int(r->n_devices, 2, "device rules");
	ok(!r->devices[0].allow && r->devices[0].type == 'a' && !r->devices[0].major.set &&
		   !r->devices[0].access,
	   "rule for all");
	ok(r->devices[1].allow && r->devices[1].type == 'c' && r->devices[1].major.v == -1 &&
		   r->devices[1].minor.v == 3,
	   "rule for one");
	is_str(r->devices[1].access, "rwm", "rule access");
	check_memory_and_cpu(r->memory, r->cpu);
	ok(b->weight.set && b->weight.v == 0 && b->leaf_weight.v == 10, "blockIO weights");
	ok(b->n_weight_device == 1 && b->weight_device[0].weight.v == 500 &&
		   b->weight_device[0].leaf_weight.v == 300,
	   "weightDevice");
	ok(b->read_bps.v[0].rate == 600 && b->write_bps.v[0].rate == 601 &&
		   b->read_iops.v[0].rate == 602 && b->write_iops.v[0].rate == 603 &&
		   b->write_iops.v[0].minor == 3,
	   "throttle devices");
	ok(r->n_hugepage_limits == 2 && r->hugepage_limits[0].limit == 9, "hugepageLimits");
	is_str(r->hugepage_limits[1].page_size, "64KB", "pageSize");
	ok(r->network->class_id.v == UINT32_MAX && r->network->priorities[0].priority == 500,
	   "network");
	ok(r->pids_limit.set && r->pids_limit.v == 0, "pids.limit 0 is a value");
	ok(r->n_rdma == 2 && r->rdma[0].hca_handles.v == 3 && !r->rdma[0].hca_objects.set &&
		   r->rdma[1].hca_objects.set,
	   "rdma");
	is_str(r->rdma[1].device, "mlx5_2", "rdma device");
	is_str(r->unified[1].value, "8:0 rbps=2097152\n", "unified");
}

static void check_seccomp(const struct oci_seccomp *s)
{
	const struct oci_seccomp_arg *a = &s->syscalls[1].args[0];

	ok(s->default_action == OCI_SECCOMP_ERRNO && s->default_errno_ret.v == 38, "defaultAction");
	is_str(s->architectures[1], "SCMP_ARCH_AARCH64", "architectures");
	ok(s->flags.set && s->flags.v == (1 << 1 | 1 << 5), "seccomp flags");
	is_str(s->listener_path, "/run/listener.sock", "listenerPath");
	is_str(s->listener_metadata, "meta", "listenerMetadata");
	is_int(s->n_syscalls, 3, "syscalls");
	ok(s->syscalls[0].action == OCI_SECCOMP_ALLOW && !s->syscalls[0].errno_ret.set &&
		   s->syscalls[0].n_args == 0,
	   "plain rule");
	ok(s->syscalls[1].errno_ret.set && s->syscalls[1].errno_ret.v == 0,
	   "errnoRet 0 is a value");
	ok(a->index == 5 && a->value == UINT64_MAX && a->value_two == 1ull << 63 &&
		   a->op == OCI_SECCOMP_MASKED_EQ,
	   "argument");
	is_int(s->syscalls[2].action, OCI_SECCOMP_KILL_THREAD, "SCMP_ACT_KILL is KILL_THREAD");
	is_str(oci_seccomp_action_name(OCI_SECCOMP_KILL_THREAD), "SCMP_ACT_KILL_THREAD",
	       "action name");
	is_str(oci_seccomp_op_name(OCI_SECCOMP_MASKED_EQ), "SCMP_CMP_MASKED_EQ", "operator name");
}

static void test_every_property(void)
{
	struct unknown unknown = {0};
	struct oci_config *c = parse_file("config-full.json", &unknown);

	is_str(c->oci_version, "1.3.0+dev", "ociVersion");
	is_str(c->root->path, "rootfs", "root.path");
	ok(c->root->readonly, "root.readonly");
	is_str(c->hostname, "box", "hostname; another spelling of the key does not count");
	is_str(c->domainname, "example.net", "domainname");
	is_int(c->n_annotations, 2, "a null annotation is absent");
	is_str(oci_config_annotation(c, "org.example.key"), "value", "annotation");
	is_str(oci_config_annotation(c, "empty"), "", "an empty annotation is there");
	ok(!oci_config_annotation(c, "unset"), "no such annotation");
	check_process(c->process);
	check_landlock(c->process->landlock);
	check_mounts(c);
	check_hooks(c->hooks);
	check_linux(c->lin);
	check_resources(c->lin->resources);
	check_seccomp(c->lin->seccomp);
	is_str(unknown.all,
	       ":121:2: future: unknown property ignored;"
	       ":122:2: Hostname: unknown property ignored (keys are case-sensitive: "
	       "\"hostname\"?);",
	       "exactly the unknown properties are reported");
	oci_config_free(c);
}

static void test_podman(void)
{
	struct unknown unknown = {0};
	struct oci_config *c = parse_file("config-podman.json", &unknown);

	is_int(unknown.n, 0, "podman writes nothing that we do not know");
	is_int(c->n_mounts, 10, "podman's mounts");
	is_int(c->process->user->umask.v, 022, "podman's umask");
	is_int(c->lin->resources->pids_limit.v, 2048, "podman's pids limit");
	is_str(oci_config_annotation(c, "io.container.manager"), "libpod", "podman's annotation");
	oci_config_free(c);
}

static void test_runc_spec(void)
{
	struct unknown unknown = {0};
	struct oci_config *c = parse_file("config-runc-spec.json", &unknown);

	is_int(unknown.n, 0, "runc spec writes nothing that we do not know");
	ok(c->process->terminal && !c->process->console_size, "terminal without size");
	is_int(c->lin->n_namespaces, 5, "namespaces of runc spec");
	oci_config_free(c);
}

static void test_minimum(void)
{
	static const char text[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":"
				   "null,\"process\":null}";
	struct oci_config *c = NULL;

	is_int(oci_config_parse(text, strlen(text), &c, NULL), 0, "version and root are enough");
	ok(!c->process && !c->lin && !c->mounts && !c->hostname && !c->annotations,
	   "everything else is absent");
	ok(!oci_linux_find_namespace(c->lin, OCI_NS_PID), "no namespace without linux");
	oci_config_free(c);
}

static void test_versions(void)
{
	static const char *const versions[] = {"1.0.0",		"1.0.2-dev", "1.3.0+dev",
					       "1.0.0-rc5-dev", "1.99.0",    "1.2.3-a.b.1+x.01"};

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct oci_config *c = NULL;
		char text[128];

		snprintf(text, sizeof(text), "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}",
			 versions[i]);
		is_int(oci_config_parse(text, strlen(text), &c, NULL), 0, "ociVersion %s",
		       versions[i]);
		oci_config_free(c);
	}
}

static void test_process_document(void)
{
	static const char text[] = "{\"cwd\":\"/"
				   "\",\"args\":[\"\"],\"terminal\":false,\"consoleSize\":{"
				   "\"height\":-1},\"capabilities\":{},"
				   "\"user\":{\"uid\":-0,\"gid\":0,\"umask\":511}}";
	struct oci_process *p = NULL;

	is_int(oci_process_parse(text, strlen(text), &p, NULL), 0, "process.json");
	ok(!p->console_size, "consoleSize is not looked at without a terminal");
	ok(p->capabilities && !p->capabilities->bounding, "no capabilities given");
	ok(!p->oom_score_adj.set && !p->rlimits && p->n_rlimits == 0 && !p->env, "absent things");
	is_int(p->user->umask.v, 0777, "the largest umask");
	oci_process_free(p);
}

static void test_other_documents(void)
{
	static const char resources[] = "{\"pids\":{\"limit\":-1},\"memory\":{}}";
	static const char seccomp[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[]}";
	static const char mounts[] = "[{\"destination\":\"/a\"},{\"destination\":\"/b\"}]";
	struct oci_resources *r = NULL;
	struct oci_seccomp *s = NULL;
	struct oci_mounts *m = NULL;

	is_int(oci_resources_parse(resources, strlen(resources), &r, NULL), 0, "LinuxResources");
	ok(r->pids_limit.v == -1 && r->memory && !r->memory->limit.set && !r->cpu, "absent limits");
	is_int(oci_seccomp_parse(seccomp, strlen(seccomp), &s, NULL), 0, "seccomp profile");
	ok(s->flags.set && s->flags.v == 0 && !s->default_errno_ret.set && !s->syscalls,
	   "empty flags are not absent");
	is_int(oci_mounts_parse(mounts, strlen(mounts), &m, NULL), 0, "mounts array");
	ok(m->n == 2 && !strcmp(m->v[1].destination, "/b"), "both mounts");
	oci_resources_free(r);
	oci_seccomp_free(s);
	oci_mounts_free(m);
	oci_config_free(NULL);
}

int main(void)
{
	test_every_property();
	test_podman();
	test_runc_spec();
	test_minimum();
	test_versions();
	test_process_document();
	test_other_documents();
	return tap_done();
}
