/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files of cgroup v2 get which text: on a plain directory, so that every controller can be tested on every host. */
/* covers: cgroup cpu.quota and period, cgroup cpu.burst, cgroup cpu.idle, cgroup memory.limit, cgroup memory.reservation, cgroup memory.swap, cgroup blockIO.weight, cgroup blockIO.throttle, cgroup hugepageLimits, cgroup pids.limit */
#include "cgroup/internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/lib/tap.h"

static char dir[] = "/tmp/sandlock-v2-XXXXXX";
static struct cgroup_dir group = {.controllers = (char *)"", .path = dir, .root = dir};
static struct cgroup cg = {.ops = &cgroup_v2_ops, .dirs = &group, .n_dirs = 1, .path = (char *)"/"};

#define SET(n)                                                                                     \
	{                                                                                          \
		.set = true, .v = (n)                                                              \
	}

/* A control file as the kernel would have it; a plain file keeps what is behind a shorter text, so it is emptied. */
static void put(const char *file, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	if (!f)
		bail("%s", path);
	fputs(text, f);
	fclose(f);
}

static const char *get(const char *file)
{
	static char text[256];

	if (cgroup_read(dir, file, text, sizeof(text)) < 0)
		return "(none)";
	return text;
}

static const char *const files[] = {
	"memory.max",	   "memory.swap.max", "memory.low",
	"cpu.weight",	   "cpu.max",	      "cpu.max.burst",
	"cpu.idle",	   "cpuset.cpus",     "cpuset.mems",
	"pids.max",	   "io.weight",	      "io.max",
	"rdma.max",	   "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max",
	"hugetlb.1GB.max", "memory.high",
};

static void clean_up(void)
{
	char path[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void fresh(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put(files[i], "");
	put("cpu.max", "max 100000\n");
	put("memory.max", "max\n");
}

static int apply(const struct oci_resources *res, struct err **err)
{
	/* The kernel's files are rewritten as a whole; ours are not. */
	return cgroup_v2_ops.apply(&cg, res, false, err);
}

static void test_memory(void)
{
	static const struct {
		const char *name;
		struct oci_memory m;
		const char *max, *swap, *low;
	} rows[] = {
		{"limit", {.limit = SET(4096)}, "4096", "", ""},
		{"swap counts memory", {.limit = SET(4096), .swap = SET(6144)}, "4096", "2048", ""},
		{"no swap", {.limit = SET(4096), .swap = SET(4096)}, "4096", "0", ""},
		{"unlimited swap", {.limit = SET(4096), .swap = SET(-1)}, "4096", "max", ""},
		{"unlimited", {.limit = SET(-1)}, "max", "max", ""},
		{"reservation", {.reservation = SET(1024)}, "max", "", "1024"},
		{"zeros mean unset", {.limit = SET(0), .swap = SET(0)}, "max", "", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oci_memory m = rows[i].m;
		struct oci_resources res = {.memory = &m};
		struct err *err = NULL;

		fresh();
		is_int(apply(&res, &err), 0, "memory: %s", rows[i].name);
		is_str(get("memory.max"), rows[i].max, "memory.max");
		is_str(get("memory.swap.max"), rows[i].swap, "memory.swap.max");
		is_str(get("memory.low"), rows[i].low, "memory.low");
		err_free(err);
	}
}

static void test_swap_of_an_update(void)
{
	struct oci_memory m = {.swap = SET(6144)};
	struct oci_resources res = {.memory = &m};
	struct err *err = NULL;

	fresh();
	put("memory.max", "4096\n");
	is_int(apply(&res, &err), 0, "swap alone: the limit that holds counts");
	is_str(get("memory.swap.max"), "2048", "memory.swap.max");
	put("memory.max", "8192\n");
	is_int(apply(&res, &err), -EINVAL, "swap below the limit that holds");
	ok(strstr(err_msg(err), "memory.swap (6144)"), "text: %s", err_msg(err));
	err_free(err);
}

static void test_cpu(void)
{
	static const struct {
		const char *name;
		struct oci_cpu c;
		const char *max, *weight, *idle, *burst;
	} rows[] = {
		{"quota and period",
		 {.quota = SET(5000), .period = SET(20000)},
		 "5000 20000",
		 "",
		 "",
		 ""},
		{"quota alone keeps the period", {.quota = SET(5000)}, "5000 100000", "", "", ""},
		{"period alone keeps the quota", {.period = SET(20000)}, "max 20000", "", "", ""},
		{"no quota", {.quota = SET(-1)}, "max 100000", "", "", ""},
		{"shares", {.shares = SET(1024)}, "max 100000", "100", "", ""},
		{"idle", {.idle = SET(1)}, "max 100000", "", "1", ""},
		{"burst", {.quota = SET(5000), .burst = SET(100)}, "5000 100000", "", "", "100"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oci_cpu c = rows[i].c;
		struct oci_resources res = {.cpu = &c};
		struct err *err = NULL;

		fresh();
		is_int(apply(&res, &err), 0, "cpu: %s", rows[i].name);
		/* "5000 100000" over "max 100000\n": compare what was written */
		ok(strncmp(get("cpu.max"), rows[i].max, strlen(rows[i].max)) == 0, "cpu.max: %s",
		   get("cpu.max"));
		is_str(get("cpu.weight"), rows[i].weight, "cpu.weight");
		is_str(get("cpu.idle"), rows[i].idle, "cpu.idle");
		is_str(get("cpu.max.burst"), rows[i].burst, "cpu.max.burst");
		err_free(err);
	}
}

static void test_rest(void)
{
	struct oci_cpu cpu = {.cpus = "0-3", .mems = "0"};
	struct oci_weight_device weights[] = {{.major = 8, .minor = 16, .weight = SET(1000)}};
	struct oci_throttle_device rate = {.major = 8, .minor = 0, .rate = 1048576};
	struct oci_block_io io = {
		.weight_device = weights, .n_weight_device = 1, .write_bps = {.v = &rate, .n = 1}};
	struct oci_hugepage_limit huge[] = {{"2MB", 4194304}, {"1GB", 0}};
	struct oci_rdma rdma = {.device = "mlx5_1", .hca_handles = SET(3)};
	struct oci_pair unified[] = {{"memory.high", "12345"}, {"pids.max", "8"}};
	struct oci_resources res = {
		.cpu = &cpu,
		.block_io = &io,
		.hugepage_limits = huge,
		.n_hugepage_limits = 2,
		.rdma = &rdma,
		.n_rdma = 1,
		.pids_limit = SET(0),
		.unified = unified,
		.n_unified = 2,
	};
	struct err *err = NULL;

	fresh();
	is_int(apply(&res, &err), 0, "the other controllers");
	is_str(get("cpuset.cpus"), "0-3", "cpuset.cpus");
	is_str(get("cpuset.mems"), "0", "cpuset.mems");
	is_str(get("io.weight"), "8:16 10000", "io.weight of a device");
	is_str(get("io.max"), "8:0 wbps=1048576", "io.max");
	is_str(get("hugetlb.2MB.rsvd.max"), "4194304", "the reservation's limit if there is one");
	is_str(get("hugetlb.1GB.max"), "0", "else that of faults");
	is_str(get("rdma.max"), "mlx5_1 hca_handle=3", "rdma.max");
	is_str(get("memory.high"), "12345", "unified");
	is_str(get("pids.max"), "8", "unified wins over what was converted");
	res.unified = NULL;
	res.n_unified = 0;
	fresh();
	is_int(apply(&res, &err), 0, "without unified");
	is_str(get("pids.max"), "0", "a pids limit of 0 is a limit");
	res.pids_limit.v = -1;
	is_int(apply(&res, &err), 0, "pids limit -1");
	is_str(get("pids.max"), "max", "no limit");
	err_free(err);
}

static void test_refused(void)
{
	struct oci_memory kernel = {.kernel = SET(4096)}, swappiness = {.swappiness = SET(1)},
			  oom = {.disable_oom_killer = {.set = true, .v = true}},
			  swap = {.limit = SET(4096), .swap = SET(1024)};
	struct oci_cpu rt = {.realtime_runtime = SET(1)};
	struct oci_block_io leaf = {.leaf_weight = SET(100)};
	struct oci_network net = {.class_id = SET(1)};
	struct oci_pair missing[] = {{"misc.max", "1"}};
	const struct {
		const char *name, *text;
		struct oci_resources res;
	} rows[] = {
		{"kernel memory", "memory.kernel", {.memory = &kernel}},
		{"swappiness", "memory.swappiness", {.memory = &swappiness}},
		{"disableOOMKiller", "memory.disableOOMKiller", {.memory = &oom}},
		{"swap below the limit", "memory.swap (1024)", {.memory = &swap}},
		{"realtime", "realtime", {.cpu = &rt}},
		{"leafWeight", "leafWeight", {.block_io = &leaf}},
		{"network", "network", {.network = &net}},
		{"a controller that is not there",
		 "misc.max",
		 {.unified = missing, .n_unified = 1}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err *err = NULL;

		fresh();
		ok(apply(&rows[i].res, &err) < 0, "refused: %s", rows[i].name);
		ok(strstr(err_msg(err), rows[i].text), "text: %s", err_msg(err));
		err_free(err);
	}
}

/* A directory without write permission for a file stands for a value that the kernel refuses. */
static void test_update_sets_back(void)
{
	struct oci_memory m = {.limit = SET(8192)};
	struct oci_pair missing[] = {{"misc.max", "1"}};
	struct oci_resources res = {
		.memory = &m, .pids_limit = SET(9), .unified = missing, .n_unified = 1};
	struct err *err = NULL;

	fresh();
	put("memory.max", "4096\n");
	put("pids.max", "5\n");
	ok(cgroup_update(&cg, &res, false, &err) < 0, "the last value is refused: %s",
	   err_msg(err));
	is_str(get("memory.max"), "4096", "the first is what it was");
	ok(get("pids.max")[0] == '5', "the second is what it was");
	err_free(err);
}

int main(void)
{
	if (!mkdtemp(dir))
		bail("mkdtemp");
	test_memory();
	test_swap_of_an_update();
	test_cpu();
	test_rest();
	test_refused();
	test_update_sets_back();
	clean_up();
	return tap_done();
}
