/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading libarchive; see archive_load.h. Runs in a command. */
#include <config.h>

#include "layer/archive_load.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/log.h"

#define ARCHIVE_SONAME "libarchive.so.13" /* since 3.0, of 2011 */

struct archive_api archive_api;

static const char *const names[] = {
#define ARCHIVE_NAME(name) #name,
	ARCHIVE_FUNCTIONS(ARCHIVE_NAME)
#undef ARCHIVE_NAME
};

int archive_load(void)
{
	static void *library;
	struct archive_api found;
	void **slots = (void **)&found; /* it has function pointers only */

	_Static_assert(sizeof(found) == ARRAY_SIZE(names) * sizeof(*slots), "one slot each");
	if (library)
		return 0;
	library = dlopen(ARCHIVE_SONAME, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; library && i < ARRAY_SIZE(names); i++) {
		slots[i] = dlsym(library, names[i]);
		if (slots[i])
			continue;
		dlclose(library);
		library = NULL;
	}
	if (!library) {
		log_debug("%s", dlerror());
		return -ENOTSUP;
	}
	archive_api = found;
	return 0;
}
