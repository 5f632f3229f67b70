/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libarchive, loaded when a layer is written and not with the program: it brings libxml2, ICU and the C++ library along, and loading those took
 * more time than all the rest of `start` (1.4 ms of 2.3). Include this instead of <archive.h>: the functions keep their names.
 */
#ifndef SANDLOCK_LAYER_ARCHIVE_LOAD_H
#define SANDLOCK_LAYER_ARCHIVE_LOAD_H

#ifdef HAVE_LIBARCHIVE

#include <archive.h>
#include <archive_entry.h>

/* clang-format off */
#define ARCHIVE_FUNCTIONS(X) \
	X(archive_entry_clear) \
	X(archive_entry_copy_hardlink) \
	X(archive_entry_copy_pathname) \
	X(archive_entry_copy_symlink) \
	X(archive_entry_free) \
	X(archive_entry_new) \
	X(archive_entry_set_gid) \
	X(archive_entry_set_mode) \
	X(archive_entry_set_mtime) \
	X(archive_entry_set_rdevmajor) \
	X(archive_entry_set_rdevminor) \
	X(archive_entry_set_size) \
	X(archive_entry_set_uid) \
	X(archive_entry_sparse_add_entry) \
	X(archive_entry_unset_size) \
	X(archive_entry_xattr_add_entry) \
	X(archive_entry_xattr_clear) \
	X(archive_errno) \
	X(archive_error_string) \
	X(archive_write_add_filter_gzip) \
	X(archive_write_add_filter_zstd) \
	X(archive_write_close) \
	X(archive_write_data) \
	X(archive_write_free) \
	X(archive_write_header) \
	X(archive_write_new) \
	X(archive_write_open_fd) \
	X(archive_write_set_bytes_in_last_block) \
	X(archive_write_set_filter_option) \
	X(archive_write_set_format_option) \
	X(archive_write_set_format_pax)

struct archive_api {
#define ARCHIVE_MEMBER(name) __typeof__(name) *name;
	ARCHIVE_FUNCTIONS(ARCHIVE_MEMBER)
#undef ARCHIVE_MEMBER
};
extern struct archive_api archive_api;

/* To be called before any of them. -ENOTSUP: there is no library, or not the one this was built for. */
int archive_load(void);

#define archive_entry_clear archive_api.archive_entry_clear
#define archive_entry_copy_hardlink archive_api.archive_entry_copy_hardlink
#define archive_entry_copy_pathname archive_api.archive_entry_copy_pathname
#define archive_entry_copy_symlink archive_api.archive_entry_copy_symlink
#define archive_entry_free archive_api.archive_entry_free
#define archive_entry_new archive_api.archive_entry_new
#define archive_entry_set_gid archive_api.archive_entry_set_gid
#define archive_entry_set_mode archive_api.archive_entry_set_mode
#define archive_entry_set_mtime archive_api.archive_entry_set_mtime
#define archive_entry_set_rdevmajor archive_api.archive_entry_set_rdevmajor
#define archive_entry_set_rdevminor archive_api.archive_entry_set_rdevminor
#define archive_entry_set_size archive_api.archive_entry_set_size
#define archive_entry_set_uid archive_api.archive_entry_set_uid
#define archive_entry_sparse_add_entry archive_api.archive_entry_sparse_add_entry
#define archive_entry_unset_size archive_api.archive_entry_unset_size
#define archive_entry_xattr_add_entry archive_api.archive_entry_xattr_add_entry
#define archive_entry_xattr_clear archive_api.archive_entry_xattr_clear
#define archive_errno archive_api.archive_errno
#define archive_error_string archive_api.archive_error_string
#define archive_write_add_filter_gzip archive_api.archive_write_add_filter_gzip
#define archive_write_add_filter_zstd archive_api.archive_write_add_filter_zstd
#define archive_write_close archive_api.archive_write_close
#define archive_write_data archive_api.archive_write_data
#define archive_write_free archive_api.archive_write_free
#define archive_write_header archive_api.archive_write_header
#define archive_write_new archive_api.archive_write_new
#define archive_write_open_fd archive_api.archive_write_open_fd
#define archive_write_set_bytes_in_last_block archive_api.archive_write_set_bytes_in_last_block
#define archive_write_set_filter_option archive_api.archive_write_set_filter_option
#define archive_write_set_format_option archive_api.archive_write_set_format_option
#define archive_write_set_format_pax archive_api.archive_write_set_format_pax
/* clang-format on */

#endif
#endif
