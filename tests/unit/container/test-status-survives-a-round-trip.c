/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status file: what is written is read again, and what is not ours is refused. */
#include "container/status.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "tests/lib/tap.h"

static char dir[] = "/tmp/sandlock-status-XXXXXX";

static void put(int dir_fd, const char *text)
{
	int fd = openat(dir_fd, "status", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		bail("write status");
	close(fd);
}

static void refused(int dir_fd, const char *text, const char *what)
{
	struct status *s = NULL;
	struct err *err = NULL;

	put(dir_fd, text);
	is_int(status_read(dir_fd, dir, &s, &err), -EUCLEAN, "%s is refused", what);
	ok(s == NULL && strstr(err_msg(err), dir), "the text names the file: %s", err_msg(err));
	err_free(err);
}

static void test_round_trip(int dir_fd)
{
	struct plan_id_range uids[] = {{0, 1000, 1}, {1, 100000, 65536}};
	struct plan_id_range gids[] = {{0, 4294967294u, 1}};
	struct plan_pair annotations[] = {{"org.example", "a \"quoted\" \\ text\n"}, {"empty", ""}};
	struct status in = {
		.creating = true,
		.oci_version = (char *)"1.3.0",
		.pid = 4711,
		.start_time = 18446744073709551615u,
		.bundle = (char *)"/b/\xc3\xa4 b",
		.created = (char *)"2026-01-01T00:00:00.000000000Z",
		.cgroup_path = (char *)"/x/y",
		.cgroup_ours = true,
		.private_pidns = true,
		.has_hooks = true,
		.rdt_group = (char *)"/sys/fs/resctrl/x",
		.rdt_ours = true,
		.rdt_monitor = (char *)"/sys/fs/resctrl/x/mon_groups/c",
		.supervisor_pid = 5,
		.supervisor_start_time = 6,
		.cow_dir = (char *)"/store",
		.cow_keep = true,
		.ids = {.how = PLAN_MAP_HELPER,
			.uids = uids,
			.n_uids = 2,
			.gids = gids,
			.n_gids = 1,
			.newuidmap = "/usr/bin/newuidmap"},
		.annotations = annotations,
		.n_annotations = 2,
	};
	struct status *out = NULL;
	struct err *err = NULL;

	is_int(status_write(dir_fd, &in, &err), 0, "write");
	is_int(status_read(dir_fd, dir, &out, &err), 0, "read");
	if (!out)
		bail("%s", err_msg(err));
	ok(out->creating && out->cgroup_ours && out->private_pidns && out->has_hooks &&
		   out->cow_keep,
	   "flags");
	is_int(out->pid, 4711, "pid");
	ok(out->start_time == in.start_time, "the whole range of start times");
	is_str(out->bundle, in.bundle, "bundle");
	ok(out->rootfs == NULL && out->owner == NULL, "what was absent stays absent");
	is_str(out->cow_dir, "/store", "store");
	is_str(out->rdt_group, in.rdt_group, "group of resctrl");
	ok(out->rdt_ours && strcmp(out->rdt_monitor, in.rdt_monitor) == 0, "whose it is");
	is_int(out->supervisor_pid, 5, "supervisor");
	ok(out->ids.how == PLAN_MAP_HELPER && out->ids.n_uids == 2 && out->ids.n_gids == 1,
	   "id maps");
	ok(out->ids.uids[1].outside == 100000 && out->ids.gids[0].outside == 4294967294u,
	   "their numbers");
	is_str(out->ids.newuidmap, "/usr/bin/newuidmap", "helper");
	ok(out->ids.newgidmap == NULL && out->ids.join_path == NULL, "no helper for groups");
	is_int(out->n_annotations, 2, "annotations");
	is_str(out->annotations[0].value, annotations[0].value, "an awkward annotation");
	ok(faccessat(dir_fd, "status.tmp", F_OK, 0) < 0, "no temporary file is left");
	status_free(out);
	err_free(err);
}

int main(void)
{
	struct status *s = NULL;
	struct err *err = NULL;
	int fd;

	if (!mkdtemp(dir) || (fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		bail("make a directory");
	is_int(status_read(fd, dir, &s, &err), -ENOENT, "no status yet");
	ok(err == NULL && s == NULL, "which is no error text");
	test_round_trip(fd);
	refused(fd, "", "an empty file");
	refused(fd, "{\"version\":1,\"pid\":", "a cut file");
	refused(fd, "{}", "a document without a version");
	refused(fd, "{\"version\":2,\"ociVersion\":\"1\",\"bundle\":\"/\",\"created\":\"x\"}",
		"a newer version");
	refused(fd,
		"{\"version\":1,\"ociVersion\":\"1\",\"bundle\":\"/"
		"\",\"created\":\"x\",\"ids\":{\"uids\":[[1,2]]}}",
		"an id map with a number missing");
	unlinkat(fd, "status", 0);
	close(fd);
	rmdir(dir);
	return tap_done();
}
