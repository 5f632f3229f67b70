/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each directory of tests/golden is a bundle: config.json, perhaps `host` (facts about a made-up host and options, KEY=VALUE lines) and
 * plan.txt, the text of the plan or of the error. GOLDEN_UPDATE=1 writes plan.txt instead of comparing.
 */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "libocispec/oci_config.h"
#include "plan/plan.h"
#include "tests/lib/tap.h"

static struct host_dir root_dir;
static int root_error;

static int fake_dir_facts(const char *path, struct host_dir *ret)
{
	(void)path;
	*ret = root_dir;
	return root_error;
}

struct setting {
	const char *name;
	uint32_t *number;
	bool *boolean;
	char *text;
	const char **option;
};

static char option_text[8][128];

static void apply(const struct setting *rows, char *line)
{
	char *value = strchr(line, '=');
	static unsigned n_options;

	if (!value)
		bail("host file: '%s'", line);
	*value++ = '\0';
	for (; rows->name; rows++) {
		if (strcmp(rows->name, line) != 0)
			continue;
		if (rows->number)
			*rows->number = (uint32_t)strtoul(value, NULL, 0);
		else if (rows->boolean)
			*rows->boolean = value[0] == '1';
		else if (rows->text)
			snprintf(rows->text, 256, "%s", value);
		else {
			char *slot = option_text[n_options++ % 8];

			snprintf(slot, 128, "%s", value);
			*rows->option = slot;
		}
		return;
	}
	bail("host file: unknown key '%s'", line);
}

static int slurp(const char *path, struct buf *out)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_read_to_buf(fd, 1 << 22, out);
}

static void read_host(const char *path, struct host_caps *caps, struct plan_options *opts)
{
	uint32_t bounding_hi = 0x1ff, bounding_lo = 0xffffffff, error = 0, abi = 0;
	const struct setting rows[] = {
		{.name = "euid", .number = &caps->euid},
		{.name = "egid", .number = &caps->egid},
		{.name = "in_userns", .boolean = &caps->in_userns},
		{.name = "time_ns", .boolean = &caps->time_ns},
		{.name = "selinux", .boolean = &caps->selinux},
		{.name = "apparmor", .boolean = &caps->apparmor},
		{.name = "bounding_lo", .number = &bounding_lo},
		{.name = "bounding_hi", .number = &bounding_hi},
		{.name = "subuid_start", .number = &caps->subuid.start},
		{.name = "subuid_count", .number = &caps->subuid.count},
		{.name = "subgid_start", .number = &caps->subgid.start},
		{.name = "subgid_count", .number = &caps->subgid.count},
		{.name = "resctrl", .text = caps->resctrl},
		{.name = "newuidmap", .text = caps->newuidmap},
		{.name = "newgidmap", .text = caps->newgidmap},
		{.name = "landlock_abi", .number = &abi},
		{.name = "dir_error", .number = &error},
		{.name = "dir_uid", .number = &root_dir.uid},
		{.name = "dir_gid", .number = &root_dir.gid},
		{.name = "dir_mode", .number = &root_dir.mode},
		{.name = "dir_read_only", .boolean = &root_dir.read_only},
		{.name = "dir_writable", .boolean = &root_dir.writable},
		{.name = "no_pivot", .boolean = &opts->no_pivot},
		{.name = "no_new_keyring", .boolean = &opts->no_new_keyring},
		{.name = "again", .boolean = &opts->again},
		{.name = "cow", .option = &opts->cow},
		{.name = "cow_keep", .option = &opts->cow_keep},
		{.name = "commit_to", .option = &opts->commit_to},
		{.name = "cow_env", .option = &opts->cow_env},
		{.name = "conf_cow", .option = &opts->conf_cow},
		{.name = "conf_cow_dir", .option = &opts->conf_cow_dir},
		{0},
	};
	cleanup_buf struct buf text = {0};
	char *save = NULL;

	if (slurp(path, &text) == 0) {
		for (char *line = strtok_r(text.data, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			apply(rows, line);
	}
	caps->bounding_caps = (uint64_t)bounding_hi << 32 | bounding_lo;
	root_error = -(int)error;
	caps->landlock_abi = (int)abi;
}

static void build_text(const char *dir, struct buf *out)
{
	struct host_caps caps = {.time_ns = true,
				 .cgroup_ns = true,
				 .user_ns = true,
				 .known_caps = (UINT64_C(1) << 41) - 1};
	struct plan_options opts = {.id = "test", .bundle = "/bundle"};
	struct plan_env env = {.caps = &caps, .dir_facts = fake_dir_facts};
	cleanup_free char *config_path = xasprintf("%s/config.json", dir),
			  *host_path = xasprintf("%s/host", dir),
			  *process_path = xasprintf("%s/process.json", dir);
	cleanup_buf struct buf text = {0}, process_text = {0};
	cleanup_err struct err *err = NULL;
	struct oci_config *config = NULL;
	struct oci_process *process = NULL;
	struct oci_err oci_err;
	struct plan *plan = NULL;
	int r;

	root_dir = (struct host_dir){.mode = 0755, .writable = true};
	read_host(host_path, &caps, &opts);
	if (slurp(config_path, &text) < 0)
		bail("%s cannot be read", config_path);
	if (oci_config_parse(text.data, text.len, &config, &oci_err) < 0)
		bail("%s: %s: %s", config_path, oci_err.path, oci_err.msg);
	if (slurp(process_path, &process_text) == 0) {
		if (oci_process_parse(process_text.data, process_text.len, &process, &oci_err) < 0)
			bail("%s: %s: %s", process_path, oci_err.path, oci_err.msg);
		r = plan_build_exec(config, process, &opts, &env, &plan, &err);
	} else {
		r = plan_build(config, &opts, &env, &plan, &err);
	}
	if (r < 0)
		buf_printf(out, "error: %s\n", err_msg(err));
	else
		plan_dump(plan, out);
	plan_free(plan);
	oci_process_free(process);
	oci_config_free(config);
}

static void show_difference(char *got, char *want)
{
	char *save_got = NULL, *save_want = NULL;
	char *g = strtok_r(got, "\n", &save_got), *w = strtok_r(want, "\n", &save_want);

	while (g && w && strcmp(g, w) == 0) {
		g = strtok_r(NULL, "\n", &save_got);
		w = strtok_r(NULL, "\n", &save_want);
	}
	printf("#  got %s\n# want %s\n", g ? g : "(end)", w ? w : "(end)");
}

static void check(const char *golden, const char *name)
{
	cleanup_free char *dir = xasprintf("%s/%s", golden, name),
			  *plan_path = xasprintf("%s/plan.txt", dir);
	cleanup_buf struct buf got = {0}, want = {0};

	build_text(dir, &got);
	if (getenv("GOLDEN_UPDATE")) {
		cleanup_fd int fd = open(plan_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		if (fd < 0 || fd_write_all(fd, got.data, got.len) < 0)
			bail("%s cannot be written", plan_path);
		ok(1, "%s written", name);
		return;
	}
	if (slurp(plan_path, &want) < 0)
		bail("%s cannot be read", plan_path);
	if (!ok(want.data && strcmp(got.data, want.data) == 0, "%s", name))
		show_difference(got.data, want.data ? want.data : got.data);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	cleanup_free char *golden = xasprintf("%s/tests/golden", top ? top : ".");
	cleanup_dir DIR *d = opendir(golden);
	char *names[256];
	size_t n = 0;
	struct dirent *e;

	if (!d)
		bail("%s: %s", golden, strerror(errno));
	while ((e = readdir(d)) && n < 256) {
		if (e->d_name[0] != '.')
			names[n++] = xstrdup(e->d_name);
	}
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		check(golden, names[i]);
		free(names[i]);
	}
	ok(n >= 15, "at least 15 bundles (%zu)", n);
	return tap_done();
}
