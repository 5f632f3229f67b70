/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the fuzz targets. */
#ifndef SANDLOCK_TESTS_FUZZ_FUZZ_H
#define SANDLOCK_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An empty directory of our own, removed with its content at the end of the process. O_RDONLY. */
int fuzz_temp_dir(void);
/* Its path. */
const char *fuzz_temp_path(void);
/* The number that the next descriptor will get: the same before and after, or something leaks. */
int fuzz_lowest_fd(void);

#endif
