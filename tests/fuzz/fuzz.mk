# Builds the fuzz targets, apart from everything else since libFuzzer needs clang and all code instrumented. Used by `make fuzz`, which passes
# top_srcdir, top_builddir, FUZZ_CC, FUZZ_CFLAGS, FUZZ_TARGETS and FUZZ_LIBS. GNU make.
out = tests/fuzz/build
folders = src/base src/host libocispec src/tracee src/cow src/seccomp src/landlock src/handlers src/plan src/init src/supervisor
sources = $(foreach f,$(folders),$(patsubst $(top_srcdir)/%,%,$(wildcard $(top_srcdir)/$(f)/*.c)))
objects = $(sources:%.c=$(out)/%.o)
includes = -I$(top_builddir) -I$(top_srcdir)/src -I$(top_srcdir) -include config.h -include base/banned.h

all: $(FUZZ_TARGETS:%=tests/fuzz/fuzz-%)

$(out)/%.o: $(top_srcdir)/%.c $(top_builddir)/config.h
	@mkdir -p $(@D)
	@echo "  FUZZ_CC  $*.c"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link $(includes) -MMD -c -o $@ $<

$(out)/libfuzzed.a: $(objects)
	@rm -f $@
	@ar cr $@ $^

# The target comes first: what it defines itself replaces the library's.
tests/fuzz/fuzz-%: $(out)/tests/fuzz/fuzz-%.o $(out)/tests/fuzz/fuzz.o $(out)/libfuzzed.a
	@echo "  FUZZ_LD  $@"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(FUZZ_LIBS)

.SECONDARY:
-include $(objects:.o=.d) $(wildcard $(out)/tests/fuzz/*.d)
