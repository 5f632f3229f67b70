/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer entry point of the reading of lowers: the input builds up to three of them, with whiteouts, opaque marks and other attributes of
 * overlayfs, marks of OCI archives, odd types and names. The two ways of walking (lowers_*, merged_*) must show the same tree, and a live root
 * populated from them must have the same names.
 *
 * Byte 0: flags; then operations of four bytes (what, lower, directory and name, value).
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "cow/cow.h"
#include "cow/layer.h"
#include "host/at.h"
#include "tests/fuzz/fuzz.h"

#define LAYERS	       3
#define OPERATIONS     64
#define DEPTH	       5
#define WHITEOUT_FILES 4u
#define POPULATE       8u
#define SHARE_COPY     16u

static int base = -1, layers[LAYERS];
static char paths[LAYERS][300], store[300];

/* Trees */

static const char *const names[] = {"a",    "b",	"c",   ".wh.a", ".wh.b", ".wh..wh..opq",
				    ".wh.", "\xff\x01", ".wh", "A",	".wh.c", "long"};
static const char *const dirs[] = {".", "a", "b", "a/b", "a/b/c", "c", "a/a", "b/a/a"};
static const char *const attributes[] = {
	"user.overlay.opaque",	  "user.overlay.redirect",     "user.overlay.metacopy",
	"user.overlay.whiteout",  "user.fuseoverlayfs.opaque", "trusted.overlay.opaque",
	"user.overlay.origin",	  "user.sandlock.lower",       "user.x",
	"system.posix_acl_access"};
static const char *const values[] = {"y", "x", "", "yy", "/a", "n", "\x01\x02", "overlay"};

static void remove_tree(int dir, const char *name)
{
	int fd;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		struct host_dir_reader rd;
		struct host_dirent d;

		if (host_dir_reader_init(&rd, fd) < 0)
			abort();
		while (host_dir_read(&rd, &d) > 0)
			remove_tree(fd, d.name);
		host_dir_reader_done(&rd);
		close(fd);
	}
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0)
		abort();
}

static const char *choose_name(uint8_t byte)
{
	static char name[256];
	const char *chosen = names[byte % ARRAY_SIZE(names)];

	if (strcmp(chosen, "long") != 0)
		return chosen;
	memset(name, 'l', 255);
	memcpy(name, ".wh.", 4);
	name[byte & 16 ? 255 : 251] = '\0';
	return name;
}

static void operate(const uint8_t *op)
{
	const char *name = choose_name(op[2] >> 3);
	int dir = openat(layers[op[1] % LAYERS], dirs[op[2] % 8],
			 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[64];
	int fd;

	if (dir < 0)
		return;
	switch (op[0] % 8) {
	case 0:
		mkdirat(dir, name, 0700 | op[3]);
		break;
	case 1:
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600 | op[3]);
		if (fd >= 0 && write(fd, values, op[3] % 64) >= 0)
			close(fd);
		break;
	case 2:
		symlinkat(dirs[op[3] % 8], dir, name);
		break;
	case 3: /* a whiteout: anybody may make it since 5.8 */
		mknodat(dir, name, S_IFCHR | 0600, 0);
		break;
	case 4:
		mkfifoat(dir, name, 0600);
		break;
	case 5:
		linkat(dir, choose_name(op[3]), dir, name, 0);
		break;
	default: /* of the directory itself, or of a name in it */
		snprintf(path, sizeof(path), "/proc/self/fd/%d/", dir);
		if (op[0] & 8) {
			char full[400];

			snprintf(full, sizeof(full), "%s%s", path, name);
			lsetxattr(full, attributes[op[3] % ARRAY_SIZE(attributes)],
				  values[op[3] >> 5], strlen(values[op[3] >> 5]), 0);
		} else {
			setxattr(path, attributes[op[3] % ARRAY_SIZE(attributes)],
				 values[op[3] >> 5], strlen(values[op[3] >> 5]), 0);
		}
	}
	close(dir);
}

static void build(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < LAYERS; i++) {
		char name[8];

		snprintf(name, sizeof(name), "%zu", i);
		remove_tree(base, name);
		if (mkdirat(base, name, 0755) < 0)
			abort();
		layers[i] = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", fuzz_temp_path(), name);
	}
	for (size_t i = 0; i < size / 4 && i < OPERATIONS; i++)
		operate(data + 4 * i);
	for (size_t i = 0; i < LAYERS; i++)
		close(layers[i]);
}

/* What is seen, as text: one line for each name, with its kind and lower */

static void add_line(struct buf *out, size_t depth, const char *name, unsigned mode, size_t layer)
{
	if (buf_printf(out, "%zu %o %zu %s\n", depth, mode & S_IFMT, layer, name) < 0)
		abort();
}

static void check_name(const char *name, bool whiteout_files)
{
	if (whiteout_files && strncmp(name, ".wh.", 4) == 0)
		abort();
}

static int show_chained(struct lowers *l, size_t depth, struct buf *out)
{
	struct lower_dir dir;
	struct lower_entry e;
	size_t pos = 0;
	int r = lowers_read(l, true, &dir);

	if (r < 0)
		return r;
	while (r == 0 && pos < dir.n) {
		r = lowers_look(l, &dir, &pos, &e);
		if (r <= 0)
			continue;
		r = 0;
		check_name(e.name, l->skip.whiteout_files);
		add_line(out, depth, e.name, e.st.stx_mode, e.layer);
		if (!S_ISDIR(e.st.stx_mode) || depth == DEPTH)
			continue;
		r = lowers_enter(l, &dir, e.first, e.n);
		if (r == 0)
			r = show_chained(l, depth + 1, out);
		if (r == 0)
			r = lowers_leave(l);
	}
	lower_dir_done(&dir);
	return r;
}

static int show_merged(const struct merged *m, const struct lower_skip *skip,
		       struct host_dir_reader *reader, size_t depth, struct buf *out)
{
	struct lower_dir dir = {0};
	struct lower_entry e;
	struct merged sub;
	size_t pos = 0;
	int r = merged_read(m, reader, true, &dir);

	while (r == 0 && pos < dir.n) {
		r = merged_look(m, skip, &dir, &pos, &e);
		if (r <= 0)
			continue;
		r = 0;
		check_name(e.name, skip->whiteout_files);
		add_line(out, depth, e.name, e.st.stx_mode, e.layer);
		if (!S_ISDIR(e.st.stx_mode) || depth == DEPTH)
			continue;
		r = merged_sub(m, skip, e.name, &sub);
		if (r < 0)
			break;
		r = show_merged(&sub, skip, reader, depth + 1, out);
		merged_close(&sub);
	}
	lower_dir_done(&dir);
	return r;
}

static int walk_chained(char *const *lowers, bool whiteout_files, struct buf *out)
{
	struct lowers l;
	int r = lowers_open(lowers, &l);

	if (r < 0)
		return r;
	l.skip.whiteout_files = whiteout_files;
	r = show_chained(&l, 0, out);
	lowers_close(&l);
	return r;
}

static int walk_merged(char *const *lowers, size_t n, bool whiteout_files, struct buf *out)
{
	struct lower_skip skip = {.layers = n, .whiteout_files = whiteout_files};
	struct host_dir_reader reader;
	struct merged m;
	int r = merged_open(lowers, &m);

	if (r < 0)
		return r;
	r = host_dir_reader_init(&reader, -EBADF);
	if (r == 0)
		r = show_merged(&m, &skip, &reader, 0, out);
	host_dir_reader_done(&reader);
	merged_close(&m);
	return r;
}

static void check_populated(char *const *lowers, unsigned flags, const struct buf *seen)
{
	struct cow_params params = {
		.dir = store,
		.lowers = lowers,
		.owner_id = "fuzz",
		.share = flags & SHARE_COPY ? COW_SHARE_COPY : COW_SHARE_AUTO,
		.whiteout_files = !!(flags & WHITEOUT_FILES),
	};
	struct cow_stats stats;
	struct cow *cow;
	char *live[] = {NULL, NULL}, root[320];
	struct buf shown = {0};
	const char *a = seen->data, *b;
	int r = cow_create(&params, &cow);

	if (r < 0)
		abort();
	r = cow_populate(cow, &stats, NULL);
	cow_close(cow);
	snprintf(root, sizeof(root), "%s/root", store);
	live[0] = root;
	if (r == 0 && walk_merged(live, 1, false, &shown) < 0)
		abort();
	b = shown.data;
	/* lower numbers differ: all is in one now */
	while (r == 0 && a && b && *a && *b) {
		size_t depth_a, depth_b, layer;
		unsigned mode_a, mode_b;
		int at_a = 0, at_b = 0;

		sscanf(a, "%zu %o %zu%n", &depth_a, &mode_a, &layer, &at_a);
		sscanf(b, "%zu %o %zu%n", &depth_b, &mode_b, &layer, &at_b);
		a += at_a + 1;
		b += at_b + 1;
		if (depth_a != depth_b || mode_a != mode_b ||
		    strcspn(a, "\n") != strcspn(b, "\n") || memcmp(a, b, strcspn(a, "\n")) != 0)
			abort();
		a += strcspn(a, "\n") + 1;
		b += strcspn(b, "\n") + 1;
	}
	if (r == 0 && ((a && *a) || (b && *b)))
		abort();
	buf_done(&shown);
	if (cow_remove(store, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *lowers[LAYERS + 1] = {NULL};
	struct buf chained = {0}, merged = {0};
	size_t n;
	int a, b, lowest;

	if (size < 1)
		return 0;
	if (base < 0) {
		base = fuzz_temp_dir();
		umask(022);
		snprintf(store, sizeof(store), "%s/store", fuzz_temp_path());
	}
	lowest = fuzz_lowest_fd();
	build(data + 1, size - 1);
	n = 1 + data[0] % 4 % LAYERS;
	for (size_t i = 0; i < n; i++)
		lowers[i] = paths[i];
	a = walk_chained(lowers, data[0] & WHITEOUT_FILES, &chained);
	b = walk_merged(lowers, n, data[0] & WHITEOUT_FILES, &merged);
	if (a != b)
		abort();
	if (a == 0 && (chained.len != merged.len ||
		       (merged.len && memcmp(chained.data, merged.data, merged.len) != 0)))
		abort();
	if (a == 0 && (data[0] & POPULATE))
		check_populated(lowers, data[0], &merged);
	buf_done(&chained);
	buf_done(&merged);
	if (fuzz_lowest_fd() != lowest)
		abort();
	return 0;
}
