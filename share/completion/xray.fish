# SPDX-License-Identifier: ISC
# Completion of xray for fish.  Commands come from `xray help`, options from
# each command's --help, names from the home.

function __xray_words
    commandline -opc | string match -v -- '-*'
end

function __xray_commands
    xray help 2>/dev/null | sed -n '/^$/,$s/^\([a-z][a-z-]*\)  *\(.*\)/\1\t\2/p'
end

function __xray_verbs
    xray $argv[1] --help 2>/dev/null </dev/null |
        sed -n '/ VERB /,/ VERB /s/^  \([a-z-]*\) .*/\1/p'
end

function __xray_options
    set -l words (__xray_words)
    set -l verb
    if set -q words[3]; and contains -- $words[3] (__xray_verbs $words[2])
        set verb $words[3]
    end
    xray $words[2] $verb --help 2>/dev/null </dev/null |
        sed -n 's/^  *\(-[^ ,]\), \(--[a-z-]*\).*/\1\n\2/p
            s/^  *\(--*[a-zA-Z-]*\)[[ ].*/\1/p'
end

function __xray_operands
    set -l words (__xray_words)
    set -l last (commandline -opc)[-1]
    set -l cmd $words[2]
    set -l verbs (__xray_verbs $cmd)
    switch $last
        case -b --base
            xray base list -H -o name 2>/dev/null
            return
        case --for
            if contains -- $cmd fw firewall
                printf '%s\n' once session 15m 1h always
            else
                printf '%s\n' ssh boot cloud-init hooks ready clock asked port stopped
            end
            return
        case --format
            if contains -- $cmd fw firewall
                printf '%s\n' xray opensnitch lsrules
                return
            end
        case --as
            if contains -- $cmd fw firewall
                printf '%s\n' host domain address
                return
            end
        case --program
            printf '%s\n' desktop tmux zenity kdialog osascript webhook
            __fish_complete_path (commandline -ct)
            return
        case --via
            __fish_print_hostnames
            return
        case --net
            printf '%s\n' filtered open none proxy
            return
        case --color
            printf '%s\n' yes no auto
            return
        case --vm
            xray list -q 2>/dev/null
            return
        case --accel
            printf '%s\n' auto kvm hvf tcg
            return
        case --firmware
            printf '%s\n' bios uefi
            return
    end
    if set -q verbs[1]; and not set -q words[3]
        printf '%s\n' $verbs
        return
    end
    switch $cmd
        case base
            if not contains -- "$words[3]" import build
                xray base list -H -o name 2>/dev/null
            end
        case snap snapshot
            if set -q words[4]
                xray snap list -H -o tag $words[4] 2>/dev/null
            else
                xray list -q 2>/dev/null
            end
        case create doctor
        case run
            xray base list -H -o name 2>/dev/null
        case provision
            if set -q words[4]
                __fish_complete_path (commandline -ct)
            else
                xray list -q 2>/dev/null
            end
        case help
            __xray_commands
        case completion
            printf '%s\n' bash zsh fish
        case copy cp transfer
            xray list -q 2>/dev/null | sed 's/$/:/'
            __fish_complete_path (commandline -ct)
        case fw firewall
            if test "$words[3]" = presets
                xray fw presets 2>/dev/null | cut -f1
            else if not set -q words[4]
                xray list -q 2>/dev/null
            else
                switch $words[3]
                    case mode
                        printf '%s\n' ask deny allow learn
                    case defaults learn
                        printf '%s\n' on off
                    case import test
                        __fish_complete_path (commandline -ct)
                    case add allow deny remove check why
                        xray fw presets 2>/dev/null |
                            sed 's/^/@/;s/	.*//'
                        if test "$words[3]" = add; and set -q words[5]
                            printf '%s\n' allow deny ask
                        end
                    case answer
                        printf '%s\n' all allow deny
                    case log top pending prompt watch
                        xray list -q 2>/dev/null
                end
            end
        case log
            if set -q words[3]
                printf '%s\n' console qemu net hooks ssh all
            else
                xray list -q 2>/dev/null
            end
        case '*'
            xray list -q 2>/dev/null
    end
end

complete -c xray -e
complete -c xray -n 'not __fish_seen_subcommand_from import build' -f
complete -c xray -n 'test (count (commandline -opc)) -eq 1' -a '(__xray_commands)'
complete -c xray -n 'test (count (commandline -opc)) -gt 1; and not string match -q -- "-*" (commandline -ct)' -a '(__xray_operands)'
complete -c xray -n 'test (count (commandline -opc)) -gt 1; and string match -q -- "-*" (commandline -ct)' -a '(__xray_options)'
