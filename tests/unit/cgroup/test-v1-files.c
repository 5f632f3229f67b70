/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files of cgroup v1 get which text: on a plain directory that holds every controller, so that each can be tested on every host. */
#include "cgroup/internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/lib/tap.h"

static char dir[] = "/tmp/sandlock-v1-XXXXXX";
static struct cgroup_dir group = {.controllers =
					  (char *)"cpu,cpuset,memory,pids,blkio,hugetlb,net_cls,"
						  "net_prio,rdma",
				  .path = dir,
				  .root = dir};
static struct cgroup cg = {.ops = &cgroup_v1_ops, .dirs = &group, .n_dirs = 1, .path = (char *)"/"};

#define SET(n)                                                                                     \
	{                                                                                          \
		.set = true, .v = (n)                                                              \
	}

static const char *at(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return path;
}

static void put(const char *file)
{
	int fd = open(at(file), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		bail("%s", file);
	close(fd);
}

static const char *get(const char *file)
{
	static char text[4][256];
	static unsigned n;
	char *out = text[++n % 4];

	return cgroup_read(dir, file, out, sizeof(text[0])) < 0 ? "(none)" : out;
}

static const char *const files[] = {
	"memory.limit_in_bytes",
	"memory.memsw.limit_in_bytes",
	"memory.soft_limit_in_bytes",
	"memory.kmem.limit_in_bytes",
	"memory.kmem.tcp.limit_in_bytes",
	"memory.swappiness",
	"memory.oom_control",
	"memory.use_hierarchy",
	"cpu.shares",
	"cpu.cfs_quota_us",
	"cpu.cfs_period_us",
	"cpu.cfs_burst_us",
	"cpu.rt_runtime_us",
	"cpu.rt_period_us",
	"cpu.idle",
	"cpuset.cpus",
	"cpuset.mems",
	"pids.max",
	"blkio.leaf_weight",
	"blkio.leaf_weight_device",
	"blkio.throttle.read_bps_device",
	"blkio.throttle.write_bps_device",
	"blkio.throttle.read_iops_device",
	"blkio.throttle.write_iops_device",
	"hugetlb.2MB.limit_in_bytes",
	"net_cls.classid",
	"net_prio.ifpriomap",
	"rdma.max",
};

/* Those of BFQ, or of CFQ, which is gone since Linux 5.0. */
static const char *const bfq[] = {"blkio.bfq.weight", "blkio.bfq.weight_device"};
static const char *const cfq[] = {"blkio.weight", "blkio.weight_device"};

static void fresh(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put(files[i]);
}

static void clean_up(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(at(files[i]));
	rmdir(dir);
}

static int apply(const struct oci_resources *res, struct err **err)
{
	return cgroup_v1_ops.apply(&cg, res, false, err);
}

/* covers: cgroup v1, cgroup blockIO.weight, command update --blkio-weight, config linux.resources.blockIO */
static void test_weights(void)
{
	struct oci_weight_device device = {.major = 8, .minor = 16, .weight = SET(300)};
	struct oci_block_io b = {
		.weight = SET(500), .weight_device = &device, .n_weight_device = 1};
	struct oci_resources res = {.block_io = &b};
	struct err *err = NULL;
	int r;

	r = apply(&res, &err);
	ok(r < 0 && strstr(err_msg(err), "blkio.bfq.weight"),
	   "no scheduler with weights: an error that names the file: %s", err_msg(err));
	err_free(err);
	for (size_t i = 0; i < 2; i++)
		put(bfq[i]);
	is_int(apply(&res, NULL), 0, "with BFQ");
	is_str(get("blkio.bfq.weight"), "500", "its file");
	is_str(get("blkio.bfq.weight_device"), "8:16 300", "that of a disk");
	for (size_t i = 0; i < 2; i++)
		put(cfq[i]);
	b.leaf_weight = (struct oci_opt_u16)SET(20);
	device.leaf_weight = (struct oci_opt_u16)SET(30);
	is_int(apply(&res, NULL), 0, "with CFQ");
	is_str(get("blkio.weight"), "500", "its file");
	is_str(get("blkio.weight_device"), "8:16 300", "that of a disk");
	is_str(get("blkio.leaf_weight"), "20", "leaves");
	is_str(get("blkio.leaf_weight_device"), "8:16 30", "leaves, of a disk");
	for (size_t i = 0; i < 2; i++) {
		unlink(at(bfq[i]));
		unlink(at(cfq[i]));
	}
}

/* covers: cgroup blockIO.throttle */
static void test_throttle(void)
{
	struct oci_throttle_device t[] = {{.major = 8, .minor = 0, .rate = 1},
					  {.major = 8, .minor = 0, .rate = 2},
					  {.major = 8, .minor = 0, .rate = 3},
					  {.major = 8, .minor = 0, .rate = 4}};
	struct oci_block_io b = {.read_bps = {&t[0], 1},
				 .write_bps = {&t[1], 1},
				 .read_iops = {&t[2], 1},
				 .write_iops = {&t[3], 1}};
	struct oci_resources res = {.block_io = &b};

	is_int(apply(&res, NULL), 0, "throttle");
	is_str(get("blkio.throttle.read_bps_device"), "8:0 1", "read, bytes");
	is_str(get("blkio.throttle.write_bps_device"), "8:0 2", "write, bytes");
	is_str(get("blkio.throttle.read_iops_device"), "8:0 3", "read, operations");
	is_str(get("blkio.throttle.write_iops_device"), "8:0 4", "write, operations");
}

/* covers: command update --kernel-memory --kernel-memory-tcp, config linux.resources.memory */
static void test_memory(void)
{
	struct oci_memory m = {
		.limit = SET(4096),
		.swap = SET(8192),
		.reservation = SET(1024),
		.kernel = SET(2048),
		.kernel_tcp = SET(2049),
		.swappiness = SET(60),
		.use_hierarchy = SET(true),
		.disable_oom_killer = SET(true),
	};
	struct oci_resources res = {.memory = &m};

	is_int(apply(&res, NULL), 0, "memory");
	is_str(get("memory.limit_in_bytes"), "4096", "limit");
	is_str(get("memory.memsw.limit_in_bytes"), "8192", "with swap");
	is_str(get("memory.soft_limit_in_bytes"), "1024", "reservation");
	is_str(get("memory.kmem.limit_in_bytes"), "2048", "kernel");
	is_str(get("memory.kmem.tcp.limit_in_bytes"), "2049", "kernel, TCP");
	is_str(get("memory.swappiness"), "60", "swappiness");
	is_str(get("memory.use_hierarchy"), "1", "hierarchy");
	is_str(get("memory.oom_control"), "1", "no OOM killer");
}

/* covers: command update --cpu-rt-period --cpu-rt-runtime --cpu-burst --cpu-idle, config linux.resources.cpu */
static void test_cpu(void)
{
	struct oci_cpu c = {
		.shares = SET(512),
		.quota = SET(5000),
		.period = SET(10000),
		.burst = SET(100),
		.realtime_runtime = SET(900),
		.realtime_period = SET(1000),
		.idle = SET(1),
		.cpus = "0-1",
		.mems = "0",
	};
	struct oci_resources res = {.cpu = &c};

	is_int(apply(&res, NULL), 0, "cpu");
	is_str(get("cpu.shares"), "512", "shares");
	is_str(get("cpu.cfs_quota_us"), "5000", "quota");
	is_str(get("cpu.cfs_period_us"), "10000", "period");
	is_str(get("cpu.cfs_burst_us"), "100", "burst");
	is_str(get("cpu.rt_runtime_us"), "900", "realtime");
	is_str(get("cpu.rt_period_us"), "1000", "its period");
	is_str(get("cpu.idle"), "1", "idle");
	is_str(get("cpuset.cpus"), "0-1", "cpus");
	is_str(get("cpuset.mems"), "0", "mems");
}

/* covers: config linux.resources.network, config linux.resources.rdma, config linux.resources.hugepageLimits */
static void test_lists(void)
{
	struct oci_net_priority priority = {.name = "eth0", .priority = 5};
	struct oci_network net = {
		.class_id = SET(1048577), .priorities = &priority, .n_priorities = 1};
	struct oci_rdma rdma = {.device = "mlx", .hca_handles = SET(2), .hca_objects = SET(3)};
	struct oci_hugepage_limit huge = {.page_size = "2MB", .limit = 6};
	struct oci_resources res = {
		.network = &net,
		.rdma = &rdma,
		.n_rdma = 1,
		.hugepage_limits = &huge,
		.n_hugepage_limits = 1,
		.pids_limit = SET(0),
	};

	is_int(apply(&res, NULL), 0, "lists");
	is_str(get("net_cls.classid"), "1048577", "class");
	is_str(get("net_prio.ifpriomap"), "eth0 5", "priority");
	is_str(get("rdma.max"), "mlx hca_handle=2 hca_object=3", "rdma");
	is_str(get("hugetlb.2MB.limit_in_bytes"), "6", "huge pages");
	is_str(get("pids.max"), "0", "0 is a limit");
}

int main(void)
{
	if (!mkdtemp(dir))
		bail("mkdtemp");
	fresh();
	test_weights();
	test_throttle();
	test_memory();
	test_cpu();
	test_lists();
	clean_up();
	ok(access(dir, F_OK) < 0, "nothing else was written");
	return tap_done();
}
