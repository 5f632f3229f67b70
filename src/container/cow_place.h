/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a store lies that another user is to make and to own: the root of a container whose ids are not ours. */
#ifndef SANDLOCK_CONTAINER_COW_PLACE_H
#define SANDLOCK_CONTAINER_COW_PLACE_H

struct err;
struct plan;

/*
 * The directory of the store is made and given to the container's root, if that is somebody else: it may be unable to write to the directory above. An
 * error says which directory shuts the container's root out. Runs in create, with all of its rights; before the supervisor, who has only the rights of the
 * container's root, makes the store in it.
 */
int cow_place_prepare(const struct plan *plan, struct err **err);
/* Takes it back: of a store that was not made. */
void cow_place_undo(const struct plan *plan);
/* The same for the pool of spare roots; undo: if there is nothing left in it. Run in prepare. */
int cow_place_prepare_pool(const struct plan *plan, struct err **err);
void cow_place_undo_pool(const struct plan *plan);

#endif
