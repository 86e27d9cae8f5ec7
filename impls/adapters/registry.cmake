# Third-party channels and queues. One that is not installed is left out, and said to be.
function(_sluice_adapter name found)
  if(NOT ${found})
    message(STATUS "sluice: ${name} is not installed: its adapter is left out")
    return()
  endif()
  sluice_channel(${name} HEADER adapters/${name}.hpp TYPE sluice::adapters::${name} MODELS OFF THIRD_PARTY ${ARGN})
endfunction()

find_path(ATOMIC_QUEUE_INCLUDE_DIR atomic_queue/atomic_queue.h)
find_path(CONCURRENTQUEUE_INCLUDE_DIR concurrentqueue/blockingconcurrentqueue.h)
find_path(READERWRITERQUEUE_INCLUDE_DIR readerwriterqueue/readerwriterqueue.h)
mark_as_advanced(ATOMIC_QUEUE_INCLUDE_DIR CONCURRENTQUEUE_INCLUDE_DIR READERWRITERQUEUE_INCLUDE_DIR)
find_package(TBB QUIET)
find_package(Boost QUIET COMPONENTS fiber)

_sluice_adapter(atomic_queue ATOMIC_QUEUE_INCLUDE_DIR)
_sluice_adapter(moodycamel CONCURRENTQUEUE_INCLUDE_DIR)
_sluice_adapter(readerwriterqueue READERWRITERQUEUE_INCLUDE_DIR)
_sluice_adapter(tbb_bounded TBB_FOUND LIBRARIES TBB::tbb)
# Its receives with a deadline lose wake-ups.
_sluice_adapter(boost_fiber Boost_FIBER_FOUND LIBRARIES Boost::fiber FINDINGS property/linearizable
                property/small_programs property/monitored)
