/* SPDX-License-Identifier: ISC */
/*
 * dialog: a question and its answer, as lines between xray-ask and those who
 * put it before a person, and as text for that person.  See xray-ask(1) for the
 * lines.  All of it is printable ASCII: what is not is no line.
 */
#ifndef XRAY_DIALOG_H
#define XRAY_DIALOG_H

#include "ask.h"

enum { DIALOG_VM = 64, DIALOG_LIFE = 16 };
/* A destination, as rule_dest reads it. */
enum { DIALOG_DEST = ASK_HOST + 24 };

struct dialog {
	char vm[DIALOG_VM];
	unsigned id;
	struct ask_to to;
	unsigned tries; /* so far */
	enum ask_last last;
	unsigned waiting; /* besides, in this VM */
};

/* A question as it is listed. */
struct listed {
	struct dialog d; /* without waiting */
	enum ask_state state;
	unsigned seconds; /* since it was asked */
};

/* What a person decided. */
enum dialog_scope { DIALOG_HOST, DIALOG_DOMAIN, DIALOG_ADDRESS };
struct decree {
	char vm[DIALOG_VM];
	unsigned id; /* 0: all */
	enum rule_verdict verdict; /* RULE_ALLOW or RULE_DENY */
	char life[DIALOG_LIFE]; /* once, session, always, 15m */
	enum dialog_scope scope;
};

/* 1 when line is printable ASCII; an error may have a part of it. */
int dialog_is_line(const char *line);
/* Read a destination's words; -1 for what is none. */
int dialog_to(
    struct ask_to *to, const char *proto, const char *host, const char *port);
const char *dialog_proto(const struct ask_to *to);
/* HTTPS; "-" when there is no word for it. */
const char *dialog_service(const struct ask_to *to);
/* name, address, host: what is known of where it leads. */
const char *dialog_kind(const struct ask_to *to);

/* The line `question ...`, without its end, and back: -1 for what is none. */
void dialog_print(const struct dialog *d, struct buf *out);
int dialog_parse(struct dialog *d, const char *line);
/* The line `pending ...` likewise. */
void listed_print(const struct listed *l, struct buf *out);
int listed_parse(struct listed *l, const char *line);
/* Where to, as it is listed; the caller's. */
char *dialog_where(const struct ask_to *to);
/* For a person, who sees all of a question at once, on 80 columns or in a
 * notification: a name that is longer than that has "..." in its middle, which
 * no name has; the caller's. */
enum { DIALOG_NAME = 48 };
char *dialog_short(const char *name);
char *dialog_where_short(const struct ask_to *to);
/* What is wanted, and what is known about it; without ends. */
void dialog_want(const struct dialog *d, struct buf *out);
void dialog_facts(const struct dialog *d, struct buf *out);

/*
 * The name that `domain` means for host, into out (ASK_HOST bytes): what is
 * right above it, or itself where that is, as far as can be told, a place in
 * which anybody may have a name; "" when host is no name.
 */
void dialog_domain(const char *host, char *out);
/* Where a rule for an answer leads, into out (DIALOG_DEST bytes).  -1 with why
 * when scope does not fit. */
int dialog_dest(const struct ask_to *to, enum dialog_scope scope, char *out,
    struct why *why);

/* Read VM ID VERDICT [LIFE [SCOPE]]; what is left out: once, host.  -1 with
 * why. */
int decree_parse(struct decree *d, const char *text, struct why *why);
/* 0 when life is one, else -1 with why. */
int decree_life(const char *life, struct why *why);
int decree_scope(const char *word, enum dialog_scope *scope, struct why *why);
/* The line `answer ...`, without its end. */
void decree_print(const struct decree *d, struct buf *out);

#endif
