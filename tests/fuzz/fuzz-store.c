/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer entry point of the files that a store is read from: meta, index and owners. First byte: which. What could be read can be written, and reads the
 * same again.
 */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cow/index.h"
#include "cow/meta.h"
#include "cow/owners.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_meta(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	cleanup_buf struct buf out = {0};
	struct cow_meta meta = {0};

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (meta_decode(text, size, &meta) == 0) {
		if (meta_encode(&meta, &out) < 0 || out.len != size ||
		    memcmp(out.data, text, size) != 0)
			abort();
		meta_done(&meta);
	}
	free(text);
}

/* The checksum is made right, or nothing behind it would ever be reached. */
static uint8_t *with_checksum(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 8);
	uint64_t sum;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	sum = index_checksum(copy, size);
	memcpy(copy + size, &sum, 8);
	return copy;
}

static void fuzz_index(const uint8_t *data, size_t size)
{
	uint8_t *copy = with_checksum(data, size);
	cleanup_buf struct buf out = {0};
	struct cow_index index = {0};

	if (index_decode(copy, size + 8, &index) == 0) {
		if (index_encode(&index, &out) < 0 || out.len != size + 8 ||
		    memcmp(out.data, copy, out.len) != 0)
			abort();
		index_done(&index);
	}
	free(copy);
}

static void fuzz_owners(const uint8_t *data, size_t size)
{
	uint8_t *copy = with_checksum(data, size);
	struct cow_owners *owners = NULL;
	uid_t uid;
	gid_t gid;

	if (owners_decode(copy, size + 8, &owners) == 0) {
		owners_find(owners, 1, 1, &uid, &gid);
		cow_owners_free(owners);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'm':
		fuzz_meta(data + 1, size - 1);
		break;
	case 'i':
		fuzz_index(data + 1, size - 1);
		break;
	case 'o':
		fuzz_owners(data + 1, size - 1);
		break;
	}
	return 0;
}
