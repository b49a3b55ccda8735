#!/bin/sh
# httpd.sh FOLDER: answer one request, that comes on standard input: GET a file
# of FOLDER, or PUT one and be told its hash.
cr=$(printf '\r')
read -r method path rest
while read -r field value && [ "$field" != "$cr" ]; do
	case $field in
	[Cc]ontent-[Ll]ength:) n=${value%"$cr"} ;;
	[Ee]xpect:) printf 'HTTP/1.1 100 Continue\r\n\r\n' ;;
	esac
done
path=${path%%\?*} file=$1/${path#/}
if [ "$method" = PUT ]; then
	head -c "$n" | sha256sum >"$1/put.$$"
	file=$1/put.$$
elif [ ! -f "$file" ]; then
	printf 'HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
	exit
fi
printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\nConnection: close\r\n\r\n' \
    "$(stat -c %s "$file")"
cat "$file"
