/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fileops: seeded random file operations with a log that does not depend on where it runs. The log of a container with a copy-on-write root must equal that of a
 * container on a plain copy of the image (see HACKING.md). A single static program: it makes the image, runs inside of both, and compares.
 *
 * An image has many small trees, the worlds /w/NNNN/a/r, so that one container can try many seeds. A job is (world, seed, operations). Each operation has random numbers of
 * its own, made of the seed and its index: leaving some out (to find the few that matter) does not change the others.
 *
 * Not a test of crashes or races; single errors must not stop it. So results of set-up calls are not checked: the log tells.
 */
#ifndef SANDLOCK_TESTS_DIFFERENTIAL_FILEOPS_H
#define SANDLOCK_TESTS_DIFFERENTIAL_FILEOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define OPS_PER_SEED 70
#define SLOT_BASE    50 /* descriptors of the slots: the same number on both sides */
#define N_SLOTS	     6

struct rng {
	uint64_t state;
};

struct op {
	struct rng rng;
	unsigned index;
};

struct path {
	char text[5200];
	const char *ptr; /* text, or an address that cannot be read */
	int slot;	 /* leads through the magic link of this slot's descriptor; -1: does not */
};

struct op_kind {
	const char *name;
	void (*run)(struct op *);
};

/* op_*.c: tables ended by an empty name */
extern const struct op_kind ops_open[], ops_names[], ops_meta[], ops_io[], ops_misc[];

void run_fixed(unsigned index); /* ops_fixed.c; 0 .. OPS_PER_SEED-1 */

/* rng.c */
uint64_t rng_next(struct rng *rng);
void op_seed(struct op *op, uint64_t seed, unsigned index);
unsigned pick(struct op *op, unsigned n); /* 0 .. n-1 */
bool chance(struct op *op, unsigned percent);
long pick_of(struct op *op, const long *values, size_t n);
#define PICK(op, ...)                                                                              \
	pick_of(op, (const long[]){__VA_ARGS__}, sizeof((const long[]){__VA_ARGS__}) / sizeof(long))

/* paths.c */
void pick_path(struct op *op, struct path *path); /* any kind of path */
void pick_plain(struct op *op,
		struct path *path); /* an existing file, most likely; not through a slot */
void pick_new(struct op *op, struct path *path); /* a name that is free, most likely */
int pick_at(struct op *op);			 /* AT_FDCWD, a slot, or a bad descriptor */
int pick_slot(struct op *op);			 /* its descriptor; open or not */
int pick_private_slot(struct op *op);		 /* one that is not open for reading only, or -1 */
void path_set(struct path *path, const char *text);
extern char world_prefix[64]; /* "/w/NNNN" */

/* log.c: one shared piece of memory, so that children write to it too */
void log_init(void);
void log_reset(void);
const char *log_text(size_t *ret_len);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_text(const void *text, size_t len); /* escaped; the world's number is hidden */
void say_path(const struct path *path);
void say_at(int fd);
void say_result(long r); /* " = 0" or " = -ENOENT", of a libc-style result */
void say_stat(const struct stat *st, bool stale); /* stale: reached through a descriptor */
void say_hash(const void *data, size_t len);
void say_time(const struct timespec *ts);
uint64_t hash(uint64_t h, const void *data, size_t len);
#define HASH_START UINT64_C(1469598103934665603)

/* world.c */
int make_image(const char *dir, unsigned n);

/* walk.c */
void say_tree(const char *dir);
void note_initial(const char *dir);
/* The caller's image still shares this inode, so that its link count, and what an old descriptor shows, may differ from the plain copy's. */
bool is_initial(const struct stat *st);
bool slot_is_stale(int fd);
bool path_is_stale(const struct path *path);
extern bool may_sync; /* wait for the disk; few seeds do, for it is slow */
extern bool mask;     /* copy-on-write side with shared inodes: hide what may differ */

/* context.c */
void run_op(const struct op_kind *kind, struct op *op);

/* slots */
void to_slot(struct op *op, int fd); /* logs the descriptor, moves it into a slot */

/* compare.c */
int compare_logs(const char *native, const char *cow);

#endif
