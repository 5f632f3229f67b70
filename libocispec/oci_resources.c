/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux.resources, also the whole document of `update`. Library code over untrusted values; knows
 * no cgroup.
 */
#include <config.h>

#include <string.h>

#include "libocispec/schema.h"

#define R_LIMIT(json, t, m) ROW_RANGE(json, t, m, 0, -1, INT64_MAX)

/* clang-format off */
static const struct field_name device_types[] = {
	{ "a", 'a' }, { "c", 'c' }, { "b", 'b' },
	{ 0 },
};

static const struct field device_fields[] = {
	ROW_BOOL("allow", oci_device_rule, allow, F_REQUIRED),
	ROW_ENUM("type", oci_device_rule, type, device_types, F_EMPTY_ABSENT),
	R_LIMIT("major", oci_device_rule, major),
	R_LIMIT("minor", oci_device_rule, minor),
	ROW_STRING("access", oci_device_rule, access, F_EMPTY_ABSENT),
	{ 0 },
};

static const struct field memory_fields[] = {
	R_LIMIT("limit", oci_memory, limit),
	R_LIMIT("reservation", oci_memory, reservation),
	R_LIMIT("swap", oci_memory, swap),
	R_LIMIT("kernel", oci_memory, kernel),
	R_LIMIT("kernelTCP", oci_memory, kernel_tcp),
	ROW_RANGE("swappiness", oci_memory, swappiness, 0, 0, 200),
	ROW_BOOL("disableOOMKiller", oci_memory, disable_oom_killer, 0),
	ROW_BOOL("useHierarchy", oci_memory, use_hierarchy, 0),
	ROW_BOOL("checkBeforeUpdate", oci_memory, check_before_update, 0),
	{ 0 },
};

static const struct field cpu_fields[] = {
	ROW_NUMBER("shares", oci_cpu, shares, 0),
	ROW_NUMBER("quota", oci_cpu, quota, 0),
	ROW_NUMBER("burst", oci_cpu, burst, 0),
	ROW_NUMBER("period", oci_cpu, period, 0),
	ROW_NUMBER("realtimeRuntime", oci_cpu, realtime_runtime, 0),
	ROW_NUMBER("realtimePeriod", oci_cpu, realtime_period, 0),
	ROW_STRING("cpus", oci_cpu, cpus, F_EMPTY_ABSENT),
	ROW_STRING("mems", oci_cpu, mems, F_EMPTY_ABSENT),
	ROW_RANGE("idle", oci_cpu, idle, 0, 0, 1),
	{ 0 },
};

static const struct field weight_device_fields[] = {
	ROW_RANGE("major", oci_weight_device, major, F_REQUIRED, 0, INT64_MAX),
	ROW_RANGE("minor", oci_weight_device, minor, F_REQUIRED, 0, INT64_MAX),
	ROW_RANGE("weight", oci_weight_device, weight, 0, 0, 1000),
	ROW_RANGE("leafWeight", oci_weight_device, leaf_weight, 0, 0, 1000),
	{ 0 },
};

static const struct field throttle_fields[] = {
	ROW_RANGE("major", oci_throttle_device, major, F_REQUIRED, 0, INT64_MAX),
	ROW_RANGE("minor", oci_throttle_device, minor, F_REQUIRED, 0, INT64_MAX),
	ROW_NUMBER("rate", oci_throttle_device, rate, F_REQUIRED),
	{ 0 },
};

static const struct field hugepage_fields[] = {
	ROW_STRING("pageSize", oci_hugepage_limit, page_size, F_REQUIRED),
	ROW_NUMBER("limit", oci_hugepage_limit, limit, F_REQUIRED),
	{ 0 },
};

static const struct field net_priority_fields[] = {
	ROW_STRING("name", oci_net_priority, name, F_REQUIRED | F_NOT_EMPTY),
	ROW_NUMBER("priority", oci_net_priority, priority, F_REQUIRED),
	{ 0 },
};

/* The object is one number: it is stored in place of it. */
static const struct field pids_fields[] = {
	{ .key = "limit", .type = F_NUMBER, .flags = F_REQUIRED | F_OPT | F_RANGE,
	  .num = NUM_I64, .min = -1, .max = INT64_MAX },
	{ 0 },
};

static const struct field rdma_fields[] = {
	ROW_NUMBER("hcaHandles", oci_rdma, hca_handles, 0),
	ROW_NUMBER("hcaObjects", oci_rdma, hca_objects, 0),
	{ 0 },
};
/* clang-format on */

static void check_device_rule(struct decode *d, const struct json_value *v, void *obj)
{
	struct oci_device_rule *r = obj;

	if (!r->type)
		r->type = 'a';
	if (r->access && r->access[strspn(r->access, "rwm")])
		decode_problem(d, v, "access", "only the letters r, w and m are allowed");
}

/* What a list may look like is the kernel's affair ("0-3", "all", "0-31:2/8"), but it is one line. */
static void check_one_line(struct decode *d, const struct json_value *v, const char *key,
			   const char *text)
{
	if (text && strchr(text, '\n'))
		decode_problem(d, v, key, "must be one line");
}

static void check_cpu(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_cpu *c = obj;

	if (c->burst.set && c->quota.set && c->quota.v > 0 && c->burst.v > (uint64_t)c->quota.v)
		decode_problem(d, v, "burst", "above the quota");
	check_one_line(d, v, "cpus", c->cpus);
	check_one_line(d, v, "mems", c->mems);
}

static void check_weight_device(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_weight_device *w = obj;

	if (!w->weight.set && !w->leaf_weight.set)
		decode_problem(d, v, NULL, "needs weight or leafWeight");
}

/* ^[1-9][0-9]*[KMG]B$ */
static bool is_page_size(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits > 0 && s[0] != '0' && s[digits] && strchr("KMG", s[digits]) &&
	       strcmp(s + digits + 1, "B") == 0;
}

static void check_hugepage(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_hugepage_limit *h = obj;

	if (!is_page_size(h->page_size))
		decode_problem(d, v, "pageSize",
			       "must be a number and KB, MB or GB, such as \"2MB\"");
}

static void check_rdma(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_rdma *r = obj;

	if (!r->hca_handles.set && !r->hca_objects.set)
		decode_problem(d, v, NULL, "needs hcaHandles or hcaObjects");
}

/* A key becomes a file name in the cgroup directory: it must not lead out of it. */
static void check_unified(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_resources *r = obj;
	const struct json_value *unified = json_get(v, "unified");

	for (size_t i = 0; i < r->n_unified; i++) {
		const char *key = r->unified[i].key;

		if (strchr(key, '/') || strcmp(key, ".") == 0 || strcmp(key, "..") == 0)
			decode_problem(d, unified, key, "the key must be a file name");
	}
}

/* clang-format off */
OBJECT_DESC(device, oci_device_rule, check_device_rule);
OBJECT_DESC(memory, oci_memory, NULL);
OBJECT_DESC(cpu, oci_cpu, check_cpu);
OBJECT_DESC(weight_device, oci_weight_device, check_weight_device);
OBJECT_DESC(throttle, oci_throttle_device, NULL);
OBJECT_DESC(hugepage, oci_hugepage_limit, check_hugepage);
OBJECT_DESC(net_priority, oci_net_priority, NULL);
OBJECT_DESC(pids, oci_opt_i64, NULL);
OBJECT_DESC(rdma, oci_rdma, check_rdma);

#define ROW_THROTTLE(json, m) \
	ROW_OBJECTS_AT(json, F_OBJECTS, offsetof(struct oci_block_io, m.v), offsetof(struct oci_block_io, m.n), throttle_desc)

static const struct field block_io_fields[] = {
	ROW_RANGE("weight", oci_block_io, weight, 0, 0, 1000),
	ROW_RANGE("leafWeight", oci_block_io, leaf_weight, 0, 0, 1000),
	ROW_OBJECTS("weightDevice", oci_block_io, weight_device, weight_device_desc),
	ROW_THROTTLE("throttleReadBpsDevice", read_bps),
	ROW_THROTTLE("throttleWriteBpsDevice", write_bps),
	ROW_THROTTLE("throttleReadIOPSDevice", read_iops),
	ROW_THROTTLE("throttleWriteIOPSDevice", write_iops),
	{ 0 },
};
OBJECT_DESC(block_io, oci_block_io, NULL);

static const struct field network_fields[] = {
	ROW_NUMBER("classID", oci_network, class_id, 0),
	ROW_OBJECTS("priorities", oci_network, priorities, net_priority_desc),
	{ 0 },
};
OBJECT_DESC(network, oci_network, NULL);

static const struct field resources_fields[] = {
	ROW_OBJECTS("devices", oci_resources, devices, device_desc),
	ROW_OBJECT("memory", oci_resources, memory, memory_desc, 0),
	ROW_OBJECT("cpu", oci_resources, cpu, cpu_desc, 0),
	ROW_OBJECT("blockIO", oci_resources, block_io, block_io_desc, 0),
	ROW_OBJECTS("hugepageLimits", oci_resources, hugepage_limits, hugepage_desc),
	ROW_OBJECT("network", oci_resources, network, network_desc, 0),
	ROW_EMBED("pids", oci_resources, pids_limit, pids_desc, 0),
	ROW_KEYED("rdma", oci_resources, rdma, rdma_desc),
	ROW_MAP("unified", oci_resources, unified, F_KEYS),
	{ 0 },
};
/* clang-format on */

const struct object_desc oci_resources_desc = {
	.size = sizeof(struct oci_resources),
	.fields = resources_fields,
	.check = check_unified,
};

static const struct decode_root resources_root = {
	.field = {.type = F_EMBED, .desc = &oci_resources_desc},
	.size = sizeof(struct oci_resources),
};

int oci_resources_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			     struct oci_resources **ret, struct oci_err *err)
{
	void *doc;
	int r = decode_document(text, len, opts, &resources_root, &doc, err);

	if (r == 0)
		*ret = doc;
	return r;
}
