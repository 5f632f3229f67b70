/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux, without resources and seccomp. Library code over untrusted values. */
#include <config.h>

#include <string.h>

#include "libocispec/schema.h"

/* clang-format off */
const struct field_name oci_namespace_names[] = {
	{ "user", OCI_NS_USER },
	{ "mount", OCI_NS_MOUNT },
	{ "pid", OCI_NS_PID },
	{ "network", OCI_NS_NETWORK },
	{ "ipc", OCI_NS_IPC },
	{ "uts", OCI_NS_UTS },
	{ "cgroup", OCI_NS_CGROUP },
	{ "time", OCI_NS_TIME },
	{ 0 },
};

static const struct field_name propagation_names[] = {
	{ "shared", OCI_PROPAGATION_SHARED },
	{ "slave", OCI_PROPAGATION_SLAVE },
	{ "private", OCI_PROPAGATION_PRIVATE },
	{ "unbindable", OCI_PROPAGATION_UNBINDABLE },
	{ "rshared", OCI_PROPAGATION_RSHARED },
	{ "rslave", OCI_PROPAGATION_RSLAVE },
	{ "rprivate", OCI_PROPAGATION_RPRIVATE },
	{ "runbindable", OCI_PROPAGATION_RUNBINDABLE },
	{ 0 },
};

static const struct field_name device_types[] = {
	{ "c", 'c' }, { "b", 'b' }, { "u", 'u' }, { "p", 'p' },
	{ 0 },
};

/* PER_LINUX, PER_LINUX32 */
static const struct field_name domain_names[] = {
	{ "LINUX", 0x0000 }, { "LINUX32", 0x0008 },
	{ 0 },
};

/* The kernel numbers of linux/mempolicy.h; older headers lack the last two. */
enum {
	MODE_DEFAULT = 0,
	MODE_PREFERRED = 1,
	MODE_BIND = 2,
	MODE_INTERLEAVE = 3,
	MODE_LOCAL = 4,
	MODE_PREFERRED_MANY = 5,
	MODE_WEIGHTED_INTERLEAVE = 6,
};

const struct field_name oci_memory_mode_names[] = {
	{ "MPOL_DEFAULT", MODE_DEFAULT },
	{ "MPOL_PREFERRED", MODE_PREFERRED },
	{ "MPOL_BIND", MODE_BIND },
	{ "MPOL_INTERLEAVE", MODE_INTERLEAVE },
	{ "MPOL_LOCAL", MODE_LOCAL },
	{ "MPOL_PREFERRED_MANY", MODE_PREFERRED_MANY },
	{ "MPOL_WEIGHTED_INTERLEAVE", MODE_WEIGHTED_INTERLEAVE },
	{ 0 },
};

const struct field_name oci_memory_flag_names[] = {
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_STATIC_NODES", 1 << 15 },
	{ 0 },
};

static const struct field namespace_fields[] = {
	ROW_ENUM("type", oci_namespace, type, oci_namespace_names, F_REQUIRED),
	ROW_STRING("path", oci_namespace, path, F_EMPTY_ABSENT | F_ABSOLUTE),
	{ 0 },
};
OBJECT_DESC(namespace, oci_namespace, NULL);

static const struct field time_offset_fields[] = {
	ROW_NUMBER("secs", oci_time_offset, secs, 0),
	ROW_RANGE("nanosecs", oci_time_offset, nanosecs, 0, 0, 999999999),
	{ 0 },
};

static const struct field device_fields[] = {
	ROW_ENUM("type", oci_device, type, device_types, F_REQUIRED),
	ROW_STRING("path", oci_device, path, F_REQUIRED | F_ABSOLUTE),
	ROW_RANGE("major", oci_device, major, 0, 0, INT64_MAX),
	ROW_RANGE("minor", oci_device, minor, 0, 0, INT64_MAX),
	/* The schema says 0777, but podman copies st_mode: the bits of the type come along. */
	ROW_RANGE("fileMode", oci_device, file_mode, 0, 0, 0177777),
	ROW_NUMBER("uid", oci_device, uid, F_ID),
	ROW_NUMBER("gid", oci_device, gid, F_ID),
	{ 0 },
};

static const struct field net_device_fields[] = {
	ROW_STRING("name", oci_net_device, name, F_EMPTY_ABSENT),
	{ 0 },
};

static const struct field intel_rdt_fields[] = {
	ROW_STRING("closID", oci_intel_rdt, clos_id, F_EMPTY_ABSENT),
	ROW_STRINGS("schemata", oci_intel_rdt, schemata, 0),
	ROW_STRING("l3CacheSchema", oci_intel_rdt, l3_cache_schema, F_EMPTY_ABSENT),
	ROW_STRING("memBwSchema", oci_intel_rdt, mem_bw_schema, F_EMPTY_ABSENT),
	ROW_BOOL("enableMonitoring", oci_intel_rdt, enable_monitoring, 0),
	{ 0 },
};

static const struct field personality_fields[] = {
	ROW_ENUM("domain", oci_personality, domain, domain_names, F_REQUIRED),
	ROW_SKIP("flags"), /* see check_personality */
	{ 0 },
};

static const struct field memory_policy_fields[] = {
	ROW_ENUM("mode", oci_memory_policy, mode, oci_memory_mode_names, F_REQUIRED),
	ROW_STRING("nodes", oci_memory_policy, nodes, F_EMPTY_ABSENT),
	ROW_FLAGS("flags", oci_memory_policy, flags, oci_memory_flag_names, 0),
	{ 0 },
};
/* clang-format on */

static void check_time_offset(struct decode *d, const struct json_value *v, void *obj)
{
	struct oci_time_offset *t = obj;

	(void)d;
	(void)v;
	t->set = true;
}

static void check_device(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_device *dev = obj;

	if (dev->type != 'p' && !dev->major.set)
		decode_problem(d, v, "major",
			       "required property is missing (all types but \"p\" need it)");
	if (dev->type != 'p' && !dev->minor.set)
		decode_problem(d, v, "minor",
			       "required property is missing (all types but \"p\" need it)");
}

/* The kernel's rule for interface names (dev_valid_name), which also keeps them out of paths. */
static bool is_interface_name(const char *s)
{
	return *s && strlen(s) < 16 && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
	       !s[strcspn(s, "/: \t\n\v\f\r")];
}

static void check_net_device(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_net_device *n = obj;

	if (!is_interface_name(n->host_name))
		decode_problem(d, v, NULL, "the key is not a network interface name");
	if (n->name && !is_interface_name(n->name))
		decode_problem(d, v, "name", "not a network interface name");
}

/* closID becomes a directory of resctrl, a schema a line of its file. */
static void check_intel_rdt(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_intel_rdt *r = obj;
	const char *id = r->clos_id;

	if (id && strcmp(id, "/") != 0 &&
	    (strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0))
		decode_problem(d, v, "closID", "must be \"/\" or one path component");
	if (r->l3_cache_schema && strchr(r->l3_cache_schema, '\n'))
		decode_problem(d, v, "l3CacheSchema", "must be one line");
	if (r->mem_bw_schema &&
	    (strncmp(r->mem_bw_schema, "MB:", 3) != 0 || strchr(r->mem_bw_schema, '\n')))
		decode_problem(d, v, "memBwSchema", "must be one line that begins with \"MB:\"");
}

static void check_personality(struct decode *d, const struct json_value *v, void *obj)
{
	const struct json_value *flags = json_get(v, "flags");

	(void)obj;
	if (flags && (json_type(flags) != JSON_ARRAY || json_len(flags) > 0))
		decode_problem(d, v, "flags", "no flags are defined: must be an empty array");
}

static void check_memory_policy(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_memory_policy *p = obj;
	const char *mode = field_name_of(oci_memory_mode_names, p->mode);
	bool takes_none = p->mode == MODE_DEFAULT || p->mode == MODE_LOCAL;

	if (p->nodes && takes_none)
		decode_problem(d, v, "nodes", "%s takes no nodes", mode);
	else if (!p->nodes && !takes_none && p->mode != MODE_PREFERRED)
		decode_problem(d, v, "nodes", "required property is missing (%s needs it)", mode);
	oci_check_list(d, v, "nodes", p->nodes);
}

static void check_namespaces(struct decode *d, const struct json_value *v,
			     const struct oci_linux *lin)
{
	const struct json_value *list = json_get(v, "namespaces"),
				*item = list ? json_first(list) : NULL;
	unsigned seen = 0;

	for (size_t i = 0; item; item = json_next(item), i++) {
		enum oci_ns_type type = lin->namespaces[i].type;

		if (seen & 1u << type)
			decode_problem(d, item, "type", "duplicate namespace type \"%s\"",
				       oci_ns_type_name(type));
		seen |= 1u << type;
	}
}

static void check_linux(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_linux *lin = obj;
	const struct oci_namespace *time_ns = oci_linux_find_namespace(lin, OCI_NS_TIME);

	check_namespaces(d, v, lin);
	if (lin->time_offsets && (!time_ns || time_ns->path))
		decode_problem(d, v, "timeOffsets",
			       "needs a new time namespace in linux.namespaces");
	if (lin->n_net_devices && !oci_linux_find_namespace(lin, OCI_NS_NETWORK))
		decode_problem(d, v, "netDevices", "needs a network namespace in linux.namespaces");
}

/* clang-format off */
OBJECT_DESC(time_offset, oci_time_offset, check_time_offset);
OBJECT_DESC(device, oci_device, check_device);
OBJECT_DESC(net_device, oci_net_device, check_net_device);
OBJECT_DESC(intel_rdt, oci_intel_rdt, check_intel_rdt);
OBJECT_DESC(personality, oci_personality, check_personality);
OBJECT_DESC(memory_policy, oci_memory_policy, check_memory_policy);

static const struct field time_offsets_fields[] = {
	ROW_EMBED("monotonic", oci_time_offsets, monotonic, time_offset_desc, 0),
	ROW_EMBED("boottime", oci_time_offsets, boottime, time_offset_desc, 0),
	{ 0 },
};
OBJECT_DESC(time_offsets, oci_time_offsets, NULL);

static const struct field linux_fields[] = {
	ROW_OBJECTS("namespaces", oci_linux, namespaces, namespace_desc),
	ROW_OBJECTS("uidMappings", oci_linux, uid_mappings, oci_id_mapping_desc),
	ROW_OBJECTS("gidMappings", oci_linux, gid_mappings, oci_id_mapping_desc),
	ROW_OBJECT("timeOffsets", oci_linux, time_offsets, time_offsets_desc, 0),
	ROW_OBJECTS("devices", oci_linux, devices, device_desc),
	ROW_KEYED("netDevices", oci_linux, net_devices, net_device_desc),
	ROW_STRING("cgroupsPath", oci_linux, cgroups_path, F_EMPTY_ABSENT),
	ROW_OBJECT("resources", oci_linux, resources, oci_resources_desc, 0),
	ROW_OBJECT("intelRdt", oci_linux, intel_rdt, intel_rdt_desc, 0),
	ROW_ENUM("rootfsPropagation", oci_linux, rootfs_propagation, propagation_names, F_EMPTY_ABSENT),
	ROW_STRINGS("maskedPaths", oci_linux, masked_paths, F_ABSOLUTE),
	ROW_STRINGS("readonlyPaths", oci_linux, readonly_paths, F_ABSOLUTE),
	ROW_STRING("mountLabel", oci_linux, mount_label, F_EMPTY_ABSENT),
	ROW_MAP("sysctl", oci_linux, sysctl, F_KEYS),
	ROW_OBJECT("seccomp", oci_linux, seccomp, oci_seccomp_desc, 0),
	ROW_OBJECT("personality", oci_linux, personality, personality_desc, 0),
	ROW_OBJECT("memoryPolicy", oci_linux, memory_policy, memory_policy_desc, 0),
	{ 0 },
};
/* clang-format on */

const struct object_desc oci_linux_desc = {
	.size = sizeof(struct oci_linux),
	.fields = linux_fields,
	.check = check_linux,
};

const struct oci_namespace *oci_linux_find_namespace(const struct oci_linux *lin,
						     enum oci_ns_type type)
{
	for (size_t i = 0; lin && i < lin->n_namespaces; i++)
		if (lin->namespaces[i].type == type)
			return &lin->namespaces[i];
	return NULL;
}

const char *oci_ns_type_name(enum oci_ns_type type)
{
	return field_name_of(oci_namespace_names, type);
}

const char *oci_propagation_name(enum oci_propagation propagation)
{
	return field_name_of(propagation_names, propagation);
}

const char *oci_personality_name(uint32_t domain)
{
	return field_name_of(domain_names, domain);
}

const char *oci_memory_mode_name(int mode)
{
	return field_name_of(oci_memory_mode_names, mode);
}
