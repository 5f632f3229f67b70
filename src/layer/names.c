/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of compressions. Runs in a command. */
#include <config.h>

#include "layer/layer.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"

int layer_compression_by_name(const char *name, enum layer_compression *ret)
{
	static const char *const names[] = {
		[LAYER_PLAIN] = "none", [LAYER_GZIP] = "gzip", [LAYER_ZSTD] = "zstd"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum layer_compression)i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

enum layer_compression layer_compression_of(const char *path)
{
	if (ends_with(path, ".gz") || ends_with(path, ".tgz"))
		return LAYER_GZIP;
	return ends_with(path, ".zst") ? LAYER_ZSTD : LAYER_PLAIN;
}

bool layer_is_supported(void)
{
#ifdef HAVE_LIBARCHIVE
	return true;
#else
	return false;
#endif
}
