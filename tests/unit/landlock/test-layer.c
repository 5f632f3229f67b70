/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Landlock layers: the masks of each ABI, what older kernels leave of a layer, and enforcement against a kernel that fails in every place. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/landlock_sys.h"
#include "landlock/layer.h"
#include "landlock/rights.h"
#include "tests/lib/tap.h"

/* Written down a second time, from the kernel's documentation. */
static const struct {
	uint64_t fs, net, scoped;
} abis[] = {
	{0, 0, 0},	  {0x1fff, 0, 0},   {0x3fff, 0, 0}, {0x7fff, 0, 0},
	{0x7fff, 0x3, 0}, {0xffff, 0x3, 0}, {0xffff, 3, 3}, {0xffff, 3, 3},
};

static void test_masks(void)
{
	for (int abi = 0; abi <= LANDLOCK_ABI_MAX; abi++) {
		is_int((long)landlock_rights(LANDLOCK_KIND_FS, abi), (long)abis[abi].fs,
		       "ABI %d: files", abi);
		is_int((long)landlock_rights(LANDLOCK_KIND_NET, abi), (long)abis[abi].net,
		       "ABI %d: ports", abi);
		is_int((long)landlock_rights(LANDLOCK_KIND_SCOPE, abi), (long)abis[abi].scoped,
		       "ABI %d: scopes", abi);
	}
	is_int((long)landlock_rights(LANDLOCK_KIND_FS, 99), 0xffff, "a newer kernel: what we know");
}

static void test_names(void)
{
	uint64_t bits = 0;

	is_int(landlock_parse_right(LANDLOCK_KIND_FS, "truncate", &bits), 0, "a name");
	is_int((long)bits, LANDLOCK_ACCESS_FS_TRUNCATE, "its bit");
	is_int(landlock_parse_right(LANDLOCK_KIND_FS, "0x2001", &bits), 0, "a mask");
	is_int((long)bits, 0x2001, "its bits");
	is_int(landlock_parse_right(LANDLOCK_KIND_FS, "8191", &bits), 0, "a decimal mask");
	is_int(landlock_parse_right(LANDLOCK_KIND_FS, "65536", &bits), -EINVAL, "too many bits");
	is_int(landlock_parse_right(LANDLOCK_KIND_FS, "bind_tcp", &bits), -EINVAL, "another kind");
	is_int(landlock_parse_right(LANDLOCK_KIND_NET, "bind", &bits), 0, "the short name");
	is_int(landlock_parse_right(LANDLOCK_KIND_FS, "", &bits), -EINVAL, "an empty name");
	is_int(landlock_parse_right(LANDLOCK_KIND_FS, "-1", &bits), -EINVAL, "a negative number");
}

static struct landlock_layer sample(bool exact)
{
	struct landlock_layer layer = {
		.name = "test", .fs = 0xffff, .net = 3, .scoped = 3, .exact = exact};

	landlock_add_path(&layer, "/", 0xffff);
	landlock_add_path(&layer, "/nothing/here", LANDLOCK_ACCESS_FS_READ_FILE);
	landlock_add_port(&layer, 80, LANDLOCK_ACCESS_NET_BIND_TCP);
	return layer;
}

static void test_fit(void)
{
	for (int abi = 0; abi <= LANDLOCK_ABI_MAX; abi++) {
		struct landlock_layer layer = sample(false);

		is_int(landlock_fit(&layer, abi, NULL, NULL), 0, "ABI %d fits", abi);
		ok(layer.fs == abis[abi].fs && layer.net == abis[abi].net &&
			   layer.scoped == abis[abi].scoped &&
			   layer.paths[0].access == abis[abi].fs &&
			   layer.ports[0].access == (abis[abi].net & 1),
		   "ABI %d: handled rights and rules are cut alike", abi);
		is_int(landlock_is_empty(&layer), abi == 0, "ABI %d: something is left", abi);
		landlock_layer_done(&layer);
	}
	for (int abi = 0; abi <= LANDLOCK_ABI_MAX; abi++) {
		struct landlock_layer layer = sample(true);

		is_int(landlock_fit(&layer, abi, NULL, NULL), abi < 6 ? -ENOTSUP : 0,
		       "ABI %d, exact", abi);
		landlock_layer_done(&layer);
	}
}

/* A kernel of paper. */
static struct {
	int fail_at; /* which call fails, from 1; 0: none */
	int calls;
	int paths, ports, restricted;
	uint64_t last_access;
} fake;

static int count(void)
{
	return ++fake.calls == fake.fail_at ? -EOPNOTSUPP : 0;
}

static int fake_create(uint64_t fs, uint64_t net, uint64_t scoped, int *ret_fd)
{
	int r = count();

	(void)fs, (void)net, (void)scoped;
	if (r == 0)
		*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return r;
}

static int fake_path(int ruleset_fd, int path_fd, uint64_t access)
{
	(void)ruleset_fd, (void)path_fd;
	fake.paths++;
	fake.last_access = access;
	return count();
}

static int fake_port(int ruleset_fd, uint16_t port, uint64_t access)
{
	(void)ruleset_fd, (void)port, (void)access;
	fake.ports++;
	return count();
}

static int fake_restrict(int ruleset_fd)
{
	int r = count();

	(void)ruleset_fd;
	fake.restricted += r == 0;
	return r;
}

static const struct landlock_ops paper = {fake_create, fake_path, fake_port, fake_restrict};
static int skips;

static void skipped(void *arg, const char *path, int error)
{
	(void)arg, (void)path, (void)error;
	skips++;
}

static int enforce(const struct landlock_layer *layer, int fail_at)
{
	struct landlock_fault fault;

	memset(&fake, 0, sizeof(fake));
	fake.fail_at = fail_at;
	skips = 0;
	return landlock_enforce(layer, &paper, skipped, NULL, &fault);
}

static void test_enforce(void)
{
	struct landlock_layer layer = sample(false), exact = sample(true), none = {.fs = 0xffff};

	is_int(enforce(&layer, 0), 0, "a missing path is no failure");
	ok(skips == 1 && fake.paths == 1 && fake.ports == 1 && fake.restricted == 1,
	   "it costs its own rule only");
	is_int(enforce(&exact, 0), -ENOENT, "exact: it is one");
	is_int(fake.restricted, 0, "and nothing is in force");
	is_int(enforce(&layer, 1), -EOPNOTSUPP, "no rule set: an error");
	is_int(enforce(&layer, 3), -EOPNOTSUPP, "no rule for a port: an error");
	is_int(enforce(&layer, 4), -EOPNOTSUPP, "restrict fails: an error");
	is_int(enforce(&layer, 2), -ENOENT, "none of the paths: an error, not an empty rule set");
	is_int(fake.restricted, 0, "and nothing is in force");
	landlock_add_path(&none, "/dev/null", 0xffff);
	is_int(enforce(&none, 0), 0, "a rule on a file");
	is_int((long)(fake.last_access & ~landlock_file_rights()), 0,
	       "has no rights of directories");
	none.paths[0].access = LANDLOCK_ACCESS_FS_MAKE_DIR;
	is_int(enforce(&none, 0), 0, "only rights of directories on a file");
	is_int(fake.paths, 0, "no rule");
	landlock_layer_done(&layer);
	landlock_layer_done(&exact);
	landlock_layer_done(&none);
}

/* Each ABI's masks are accepted by this kernel if it is at least that new. */
static void test_kernel(void)
{
	for (int abi = 1; abi <= host_landlock_abi() && abi <= LANDLOCK_ABI_MAX; abi++) {
		int fd = -1;

		is_int(host_landlock_create(abis[abi].fs, abis[abi].net, abis[abi].scoped, &fd), 0,
		       "this kernel takes the masks of ABI %d", abi);
		close(fd);
	}
	if (host_landlock_abi() == 0)
		tap_skip("masks of this kernel", "host: no Landlock");
}

/* Two domains in a child of ours: what the first refuses stays refused, what both allow works. */
static int stacked(void)
{
	struct landlock_layer first = {.fs = 0x1fff}, second = {.fs = LANDLOCK_ACCESS_FS_READ_DIR};
	struct landlock_fault fault;
	int fd;

	landlock_add_path(&first, "/proc",
			  LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	landlock_add_path(&second, "/proc/self", LANDLOCK_ACCESS_FS_READ_DIR);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    landlock_enforce(&first, &landlock_kernel, NULL, NULL, &fault) < 0)
		return 1;
	if (open("/", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 2;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 3;
	if (landlock_enforce(&second, &landlock_kernel, NULL, NULL, &fault) < 0)
		return 4;
	if (open("/proc", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 5;
	if (open("/proc/self/status", O_RDONLY | O_CLOEXEC) < 0)
		return 6;
	return open("/", O_PATH | O_CLOEXEC) < 0 ? 7 : 0;
}

static void test_stacked(void)
{
	int status = -1;
	pid_t pid;

	if (host_landlock_abi() == 0) {
		tap_skip("two domains", "host: no Landlock");
		return;
	}
	pid = fork();
	if (pid == 0)
		_exit(stacked());
	waitpid(pid, &status, 0);
	is_int(status, 0, "two domains hold their process");
}

int main(void)
{
	test_masks();
	test_names();
	test_fit();
	test_enforce();
	test_kernel();
	test_stacked();
	return tap_done();
}
