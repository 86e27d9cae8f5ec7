# Runs one check on a faulty channel: passes only if that check fails, and reports so by name.
if(KIND STREQUAL "property")
  set(effort --executions 1000 --hang-timeout 3)
else()
  set(effort --executions 100000)
endif()
# The place that UndefinedBehaviorSanitizer names may be in the standard library; the stack names the channel.
set(ENV{UBSAN_OPTIONS} print_stacktrace=1)
execute_process(COMMAND ${RUNNER} --check ${CHECK} ${effort} RESULT_VARIABLE code OUTPUT_VARIABLE out
                ERROR_VARIABLE err)
message("${out}${err}")
# A sanitizer may report undefined behaviour, or the data race, in the faulty channel, before the check does.
if(NOT code EQUAL 0 AND "${out}${err}" MATCHES "impls/faulty/[a-z_]+[.]hpp:[0-9:]+ runtime error|(runtime error|AddressSanitizer)[^\n]*\n.*(impls/faulty/|sluice::faulty::${CHANNEL})|ThreadSanitizer: data race[^#]*#0 [^\n]*sluice::faulty::")
  return()
endif()
if(NOT code EQUAL 1)
  message(FATAL_ERROR "${CHANNEL} was not caught by ${KIND} ${CHECK}: exit code ${code}, 1 expected")
endif()
if(NOT out MATCHES "FAILED ${CHANNEL} ${KIND} ${CHECK}:")
  message(FATAL_ERROR "${CHANNEL}: ${KIND} ${CHECK} ended without naming the violation")
endif()
if(KIND STREQUAL "model")
  # Its schedule was shrunk to a readable length.
  string(REGEX MATCHALL "\n +[0-9]+  " steps "${out}")
  list(LENGTH steps count)
  if(count EQUAL 0 OR count GREATER 25)
    message(FATAL_ERROR "${CHANNEL}: ${CHECK} was drawn in ${count} steps, not in 1 to 25")
  endif()
endif()
