/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The changes of a container as an OCI layer: a tar archive in pax format, written with libarchive. A deleted name is an empty file
 * `.wh.<name>` (image-spec, layer.md, "Whiteouts"); directories on the way to a change are entries too, so that their times come along.
 */
#ifndef SANDLOCK_LAYER_LAYER_H
#define SANDLOCK_LAYER_LAYER_H

#include <stdbool.h>

#include "cow/changes.h"

enum layer_compression {
	LAYER_PLAIN,
	LAYER_GZIP,
	LAYER_ZSTD,
};

struct layer_params {
	int fd; /* written from where it stands; borrowed */
	enum layer_compression compression;
	bool sparse; /* holes as GNU sparse entries instead of zeros (image-spec: SHOULD NOT) */
};

/* "gzip", "zstd", "none"; -EINVAL. */
int layer_compression_by_name(const char *name, enum layer_compression *ret);
/* From the end of a file name: .gz and .tgz, .zst; else plain. */
enum layer_compression layer_compression_of(const char *path);

/*
 * The same changes give the same bytes. -EINVAL: a name begins with `.wh.`, which a layer cannot hold; nothing has been written then. Sockets
 * are left out, as is what vanishes meanwhile (a running container). -ENOTSUP: built without libarchive. A file that changes
 * while it is read has the size it had when it was opened.
 */
int layer_write(struct cow *cow, const struct cow_changes *c, const struct layer_params *params,
		struct cow_fault *fault);

/* Is there a libarchive in this program? */
bool layer_is_supported(void);

#endif
