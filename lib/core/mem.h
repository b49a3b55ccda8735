/* SPDX-License-Identifier: ISC */
/*
 * mem: allocation that cannot fail, growing buffers, vectors of strings,
 * numbers with a range, and struct why, which tells a caller what went wrong.
 *
 * Out of memory is the one thing for which the library ends the process: it
 * writes a line to stderr and exits with 71.
 */
#ifndef XRAY_MEM_H
#define XRAY_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Locals with several exits: freed or closed when they leave scope. */
#define autofree __attribute__((cleanup(mem_autofree)))
#define autoclose __attribute__((cleanup(mem_autoclose)))
#define autobuf __attribute__((cleanup(buf_free)))
#define autostrv __attribute__((cleanup(strv_free)))
void mem_autofree(void *p);
void mem_autoclose(int *fd);

/* Memory of the caller's, to be freed with free(3). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF(1, 0);
/* A number's decimal digits: quicker than xasprintf, for long lists.  num_put
 * writes them to out (21 bytes, with their NUL) and tells their end. */
char *num_text(uint64_t n);
char *num_put(char *out, uint64_t n);

/*
 * What went wrong, for the caller to print.  code is one of the exit codes
 * of say.h; text is one line without a program name: "web: no such VM".
 */
struct why {
	int code;
	char text[1000];
};

/* Fill why (which may be NULL) and return -1, so that a function can end
 * with `return why_set(...)`.  why_sys appends ": " and strerror(errno).
 * Control bytes in what is quoted are shown as \ooo. */
int why_set(struct why *why, int code, const char *fmt, ...) PRINTF(3, 4);
int why_sys(struct why *why, int code, const char *fmt, ...) PRINTF(3, 4);

/* A growing buffer.  Start with { 0 }.  p is NUL-terminated once anything
 * was added; n does not count the NUL. */
struct buf {
	char *p;
	size_t n, cap;
};

void buf_add(struct buf *b, const void *p, size_t n);
/* Room for n bytes at its end, to be written by others, who add to b->n. */
char *buf_space(struct buf *b, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Add s with every byte that is not printable ASCII shown as \ooo; for text
 * that came from a guest or a stranger's file. */
void buf_vis(struct buf *b, const char *s, size_t n);
/* Add the n bytes at s as one word of a Bourne shell's line. */
void buf_word(struct buf *b, const char *s, size_t n);
/* Drop the first n bytes. */
void buf_drop(struct buf *b, size_t n);
void buf_free(struct buf *b);
/* The buffer's memory, the caller's from now on; "" when nothing was added. */
char *buf_take(struct buf *b);

/* A NULL-terminated vector of strings it owns.  Start with { 0 }. */
struct strv {
	char **v;
	size_t n, cap;
};

void strv_add(struct strv *s, const char *str);
void strv_fmt(struct strv *s, const char *fmt, ...) PRINTF(2, 3);
/* Add strings up to a NULL: strv_words(&v, "qemu-img", "info", NULL). */
void strv_words(struct strv *s, ...) __attribute__((sentinel));
/* Add a string whose memory the vector takes over. */
void strv_take(struct strv *s, char *str);
void strv_sort(struct strv *s);
int strv_has(const struct strv *s, const char *str);
void strv_free(struct strv *s);

/*
 * Numbers.  All return 0, or -1 with errno EINVAL (not a number) or ERANGE;
 * *out is untouched on failure.
 */
int num_int(const char *s, long long lo, long long hi, long long *out);
/* A size in bytes: digits and one of K M G T (powers of 1024; "iB" and "B"
 * may follow); a bare number is in units of `unit` bytes. */
int num_size(const char *s, uint64_t unit, uint64_t *out);
/* A duration in milliseconds: digits and s m h d; a bare number is seconds. */
int num_duration(const char *s, long long *ms);
/* 512M, 4G, 1536M: the shortest exact form that num_size reads back. */
char *num_size_text(uint64_t bytes);
/* For people: 597 MB, 1.2 GB (powers of 1000). */
char *num_human(uint64_t bytes);
/* For people, of memory and disks: 512 MiB, 40 GiB. */
char *num_binary(uint64_t n);

/* Keep in *best, which begins as NULL, the name that was meant by want, of
 * those that are offered one by one: few slips of the finger (insert, delete,
 * change, swap) lie between them.  Names count by their first 16 bytes. */
void str_nearest(const char **best, const char *want, const char *name);
int str_starts(const char *s, const char *prefix);

#endif
