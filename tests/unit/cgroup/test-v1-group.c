/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making, joining, freezing and removing real groups (cgroup v1 or hybrid, as root). */
#include "cgroup/cgroup.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "cgroup/internal.h"
#include "tests/lib/tap.h"

static char path[64];

static bool exists(const char *controller)
{
	char dir[128];

	snprintf(dir, sizeof(dir), CGROUP_MOUNT "/%s%s", controller, path);
	return access(dir, F_OK) == 0;
}

static char *value(const char *controller, const char *file)
{
	static char text[256];
	char dir[128];

	snprintf(dir, sizeof(dir), CGROUP_MOUNT "/%s%s", controller, path);
	if (cgroup_read(dir, file, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "(unreadable)");
	return text;
}

/* covers: config linux.resources.pids, config linux.resources.devices */
static void test_limits_and_processes(void)
{
	struct oci_device_rule deny = {.allow = false, .type = 'a'};
	struct oci_cpu cpu = {.shares = {.set = true, .v = 512}};
	struct oci_resources res = {
		.devices = &deny,
		.n_devices = 1,
		.cpu = &cpu,
		.pids_limit = {.set = true, .v = 7},
	};
	struct cgroup_params params = {.path = path, .id = "x", .resources = &res};
	struct cgroup *cg = NULL;
	struct err *err = NULL;
	pid_t pid, *pids = NULL;
	size_t n = 0;
	int status;

	if (cgroup_create(&params, &cg, &err) < 0)
		bail("cgroup_create: %s", err_msg(err));
	ok(cgroup_is_ours(cg), "a new group is ours");
	is_str(value("pids", "pids.max"), "7", "pids limit is written");
	is_str(value("cpu", "cpu.shares"), "512", "cpu shares are written");
	ok(strstr(value("devices", "devices.list"), "c 1:3 rwm"), "/dev/null stays allowed");
	ok(!strstr(value("devices", "devices.list"), "a *:* rwm"), "the rest does not");
	ok(strcmp(value("cpuset", "cpuset.cpus"), "") != 0, "the new cpuset takes processes");

	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	is_int(cgroup_join(cg, pid, &err), 0, "join");
	is_int(cgroup_pids(cg, &pids, &n, &err), 0, "list");
	ok(n == 1 && pids[0] == pid, "the list has the process");
	free(pids);
	ok(!cgroup_is_frozen(cg), "not frozen at first");
	is_int(cgroup_freeze(cg, true, &err), 0, "freeze");
	ok(cgroup_is_frozen(cg), "frozen");
	/* The process is our child: destroy can only finish once it is reaped, so kill it first. */
	is_int(cgroup_signal(cg, SIGKILL, &err), 0, "kill a frozen group");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the process is dead");
	is_int(cgroup_destroy(cg, &err), 0, "destroy");
	ok(!exists("pids") && !exists("memory") && !exists("systemd"), "nothing is left");
	cgroup_free(cg);
	err_free(err);
}

static void test_failures(void)
{
	struct oci_cpu cpu = {.cpus = "99999"};
	struct oci_resources res = {.cpu = &cpu};
	struct cgroup_params params = {.path = path, .id = "x", .resources = &res};
	struct cgroup *cg = NULL;
	struct err *err = NULL;

	ok(cgroup_create(&params, &cg, &err) < 0, "a limit that the kernel refuses");
	ok(strstr(err_msg(err), "cpuset.cpus") && strstr(err_msg(err), "99999"),
	   "the text names file and value: %s", err_msg(err));
	ok(!exists("cpuset") && !exists("pids"), "and nothing is left");
	params.path = "/../x";
	ok(cgroup_create(&params, &cg, &err) == -EINVAL, "a path with ..");
	params.path = "/";
	ok(cgroup_create(&params, &cg, &err) == -EINVAL, "the root group");
	ok(cg == NULL, "no object after a failure");
	err_free(err);
}

static void test_disabled(void)
{
	struct cgroup_params params = {.manager = CGROUP_MANAGER_DISABLED, .id = "x"};
	struct cgroup *cg = NULL;
	struct err *err = NULL;

	is_int(cgroup_create(&params, &cg, &err), 0, "disabled");
	ok(cgroup_path(cg) == NULL && !cgroup_is_ours(cg), "has no path");
	is_int(cgroup_join(cg, getpid(), &err), 0, "join does nothing");
	ok(cgroup_freeze(cg, true, &err) == -ENOTSUP, "freeze is an error");
	is_int(cgroup_destroy(cg, &err), 0, "destroy does nothing");
	cgroup_free(cg);
	err_free(err);
}

int main(void)
{
	snprintf(path, sizeof(path), "/sandlock-test-%d/inner", (int)getpid());
	test_disabled();
	if (geteuid() != 0 || access(CGROUP_MOUNT "/freezer", W_OK) < 0) {
		tap_skip("groups", "needs root and a cgroup v1 freezer");
		return tap_done();
	}
	test_limits_and_processes();
	test_failures();
	/* The parent made on the way is left, as mkdir -p of other runtimes does. */
	for (const char *const *c =
		     (const char *const[]){"cpu", "cpuacct", "cpuset", "memory", "devices",
					   "freezer", "blkio", "pids", "systemd", NULL};
	     *c; c++) {
		char dir[128];

		snprintf(dir, sizeof(dir), CGROUP_MOUNT "/%s/sandlock-test-%d", *c, (int)getpid());
		rmdir(dir);
	}
	return tap_done();
}
