#!/bin/sh
# A question that a program answers costs little more than a rule.
us=$(rounds=${rounds:-41} sh "${0%/*}/ask-speed.sh") || exit 1
case $us in
1..0*)
	echo "$us"
	exit 0 ;;
esac
echo 1..1
echo "# us of a rule, more for a question: half of all, 95 of 100: $us"
# Half of all is what a busy machine does not change much.
# shellcheck disable=SC2086	# three words
set -- $us
[ "$2" -lt 5000 ] || not='not '
echo "${not-}ok 1 - less than 5 ms more, of half of all: $2 us"
[ -z "${not-}" ]
