/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A walk through all of the lowers; see scan.h. Library. Untrusted: the lowers. */
#include <config.h>

#include "cow/scan.h"

#include <errno.h>
#include <stdlib.h>

struct frame {
	struct lower_dir dir;
	size_t next;
};

struct scan {
	struct lowers lowers;
	struct frame *frames;
	size_t n, cap;
	scan_fn fn;
	void *arg;
};

static int push(struct scan *s)
{
	struct frame *f;

	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 32;

		f = reallocarray(s->frames, cap, sizeof(*f));
		if (!f)
			return -ENOMEM;
		s->frames = f;
		s->cap = cap;
	}
	f = &s->frames[s->n++];
	*f = (struct frame){0};
	return lowers_read(&s->lowers, false, &f->dir);
}

static int step(struct scan *s)
{
	struct frame *f = &s->frames[s->n - 1];
	struct lower_entry e;
	int r;

	if (f->next == f->dir.n) {
		lower_dir_done(&f->dir);
		s->n--;
		return s->n ? lowers_leave(&s->lowers) : 0;
	}
	r = lowers_look(&s->lowers, &f->dir, &f->next, &e);
	if (r <= 0)
		return r;
	r = s->fn(s->arg, &e, &s->lowers.chains[e.layer]);
	if (r < 0 || !S_ISDIR(e.st.stx_mode) || e.mount)
		return r;
	r = lowers_enter(&s->lowers, &f->dir, e.first, e.n);
	if (r == -EACCES)
		return 0;
	return r < 0 ? r : push(s);
}

int lowers_scan(char *const *paths, const struct lower_skip *skip, scan_fn fn, void *arg)
{
	struct scan s = {.fn = fn, .arg = arg};
	int r = lowers_open(paths, &s.lowers);

	if (r < 0)
		return r;
	s.lowers.skip.dev = skip->dev;
	s.lowers.skip.ino = skip->ino;
	r = push(&s);
	while (r == 0 && s.n)
		r = step(&s);
	while (s.n)
		lower_dir_done(&s.frames[--s.n].dir);
	free(s.frames);
	lowers_close(&s.lowers);
	return r;
}
