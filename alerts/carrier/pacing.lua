-- Leave to send, from the pace of one of our senders. One call, one answer: nobody comes between.
--
-- KEYS[1]  pace:{address of the sender}: a hash that may be lost at any moment
-- ARGV     what is asked, the rate in parts a second, and then by what is asked:
--   take, rate, rank, least, most  -> {parts granted, milliseconds after which to ask again, 0: at once}
--   give, rate, parts, sated       -> {parts in the bucket}      granted before, and not used; a rank that
--                                     is sated (-1: none is) no longer keeps lower ones waiting
--   spend, rate, parts             -> {parts in the bucket}      sent without asking; may be below 0
--   slow, rate, parts              -> {share of the rate, in thousandths}   the carrier refused so many
--   hold, rate, milliseconds       -> {milliseconds}             no leave for so long
--   state, rate                    -> {share in thousandths, milliseconds of hold left}
--
-- The hash: at (when it was last brought up to date), parts (in the bucket), share and shared (the
-- share of the rate when it was last lowered, and when that was), held (until when), and w0 ... w3:
-- until when a rank that did not get all it wanted keeps lower ranks waiting.
-- Times are this server's, in milliseconds: one clock for all machines.

local STEP = 100        -- a caller is told to come back after as long: tokens go out for about 0.1 s
local BURST = 200       -- the bucket holds what the rate gives in as long: hiccups are made good
local IDLE = 1000       -- if nobody asked for longer, there is one text in it and no burst
local HUNGRY = 400      -- beyond its own wait, a rank that asked keeps lower ones waiting
local LONGEST = 24      -- parts of the longest text that Twilio takes: 1,600 units, 67 a part
local USED = 0.985      -- of the rate: what comes late and what comes early on the way must not add up to more
local LEAST_SHARE = 0.05
local RECOVERY = 7000   -- in as long the share of the rate doubles again
local KEPT = 3600000

local key, asked, full = KEYS[1], ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local names = {'at', 'parts', 'share', 'shared', 'held', 'w0', 'w1', 'w2', 'w3'}
local found = redis.call('HMGET', key, unpack(names))
local is = {}
for place, name in ipairs(names) do is[name] = tonumber(found[place]) end

local share = 1
if is.share then share = math.min(1, is.share * 2 ^ ((now - is.shared) / RECOVERY)) end
local rate = full * share * USED / 1000                -- parts a millisecond
local held = math.max(0, (is.held or 0) - now)

local function keep(...)
    redis.call('HSET', key, ...)
    redis.call('PEXPIRE', key, KEPT)
end

if asked == 'state' then return {math.floor(share * 1000), held} end
if asked == 'hold' then
    keep('held', math.max(is.held or 0, now + ARGV[3]))
    return {tonumber(ARGV[3])}
end
if asked == 'slow' then
    share = math.max(LEAST_SHARE, share * (1 - 2 / math.max(full, 4)) ^ tonumber(ARGV[3]))
    keep('share', share, 'shared', now)
    return {math.floor(share * 1000)}
end

-- What has come into the bucket since. A clock that was set back gives nothing.
local least = asked == 'take' and tonumber(ARGV[4]) or 1
local room = math.max(full * BURST / 1000, least)
local parts = least                                    -- new, or lost: one text, and no burst
if is.at then
    local gone = math.max(0, now - is.at)
    -- What came together for a longer text than this one stays.
    parts = math.min(math.max(room, math.min(is.parts, LONGEST)), is.parts + gone * rate)
    if gone > IDLE then parts = math.min(parts, least) end
end

if asked == 'give' then
    parts = math.min(math.max(room, parts), parts + ARGV[3])
    keep('at', now, 'parts', parts)
    if tonumber(ARGV[4]) >= 0 then keep('w' .. ARGV[4], 0) end
    return {math.floor(parts)}
end
if asked == 'spend' then
    parts = parts - ARGV[3]
    keep('at', now, 'parts', parts)
    return {math.floor(parts)}
end

local rank, most = tonumber(ARGV[3]), tonumber(ARGV[5])
if held > 0 then
    keep('at', now, 'parts', math.min(parts, least))
    return {0, math.min(held, 1000)}
end
for higher = 0, rank - 1 do
    if (is['w' .. higher] or 0) > now then             -- it waits, so what has come in stays in
        keep('at', now, 'parts', parts)
        return {0, STEP}
    end
end
local granted = math.min(most, math.floor(parts + 0.000001))
if granted < least then granted = 0 end
parts = parts - granted
local again = 0
if granted < most then again = math.max(STEP, math.ceil((least - parts) / rate)) end
keep('at', now, 'parts', parts, 'w' .. rank, granted < most and now + again + HUNGRY or 0)
return {granted, again}
