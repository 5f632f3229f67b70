/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads <graphroot>/overlay-layers/layers.json (and volatile-layers.json). Runs in sandlock-mount. Written by podman, under its lock. */
#include <config.h>

#include "mount/layer_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "libocispec/json.h"

static bool has_id(const struct json_value *layer, const char *id)
{
	const char *value;

	return json_get_string(layer, "id", &value) == 0 && strcmp(value, id) == 0;
}

static void look(const struct json_value *layers, const char *id, bool *ret)
{
	const struct json_value *flags;

	for (const struct json_value *v = json_first(layers); v; v = json_next(v)) {
		if (!has_id(v, id))
			continue;
		flags = json_get(v, "flags");
		if (flags)
			json_get_bool(flags, "incomplete", ret);
		return;
	}
}

static int look_in_file(const char *path, const char *id, bool *ret, struct err **err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_buf struct buf text = {0};
	cleanup_json struct json_doc *doc = NULL;
	struct oci_err why = {0};
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(err, errno, "open %s", path);
	r = fd_read_to_buf(fd, JSON_MAX_SIZE, &text);
	if (r < 0)
		return err_set(err, r, "read %s", path);
	r = json_parse(text.data ? text.data : "", text.len, &doc, &why);
	if (r < 0)
		return err_text(err, r, "%s: %s", path, why.msg);
	look(json_root(doc), id, ret);
	return 0;
}

int layer_is_incomplete(const char *layer_dir, bool *ret, struct err **err)
{
	static const char *const files[] = {"layers.json", "volatile-layers.json"};
	const char *slash = strrchr(layer_dir, '/');
	bool found = false;

	for (size_t i = 0; slash && i < ARRAY_SIZE(files); i++) {
		cleanup_free char *path =
			xasprintf("%.*s-layers/%s", (int)(slash - layer_dir), layer_dir, files[i]);
		int r = look_in_file(path, slash + 1, &found, err);

		if (r < 0)
			return r;
	}
	*ret = found;
	return 0;
}
