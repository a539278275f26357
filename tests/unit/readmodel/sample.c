/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The sample model and its rows. */
#include "tests/unit/readmodel/sample.h"

#include <stdio.h>
#include <stdlib.h>

static const char resource[] =
    "{'name':'company','doc':'A company.','version':1,'schema':{'type':'object','properties':{"
    "'business_name':{'type':'string','description':'As it trades.'},"
    "'name':{'type':'string'},"
    "'system_entity':{'type':'boolean'},"
    "'employees':{'type':'integer','format':'int64'},"
    "'rating':{'type':'number','format':'double'},"
    "'revenue':{'type':'string','format':'decimal','x-fluvius-scale':2},"
    "'founded':{'type':'string','format':'date'},"
    "'opened_at':{'type':'string','format':'date-time'},"
    "'owner':{'type':'string','format':'uuid'},"
    "'status':{'type':'string','title':'company_status','enum':['draft','active','closed']},"
    "'seal':{'type':'string','contentEncoding':'base64url'},"
    "'tags':{'type':'array','items':{'type':'string'}},"
    "'marks':{'type':'array','items':{'type':'integer'}},"
    "'shares':{'type':'array','items':{'type':'string','format':'decimal','x-fluvius-scale':3}},"
    "'labels':{'type':'object','additionalProperties':{'type':'string'}},"
    "'quota':{'type':'object','additionalProperties':{'type':'integer'}},"
    "'lines':{'type':'array','items':{'type':'object','properties':{'sku':{'type':'string'}},"
    "'additionalProperties':false}},"
    "'address':{'type':'object','additionalProperties':false,'properties':{'city':{'type':'string'},"
    "'geo':{'type':'object','properties':{'lat':{'type':'number'}},'additionalProperties':false}}},"
    "'mail':{'type':'string','format':'date-time','x-fluvius-text':true},"
    "'pin':{'type':'string','x-fluvius-secret':true}}}}";

#define DAY INT64_C(86400000000)
const struct sample_row sample_rows[SAMPLE_ROWS] = {
    {"default",
     "c-1",
     "ann",
     "{'business_name':'ABC1','name':'Alpha Beta','system_entity':true,'employees':12,'rating':4.5,"
     "'revenue':'1000.50','founded':'1999-12-31','opened_at':'2020-01-01T00:00:00.000000Z',"
     "'owner':'0190a1b2-0000-7000-8000-00000000000a','status':'active','seal':'-bytes-','tags':['red','blue'],"
     "'marks':[1,2,3],'shares':['0.500','0.250'],'labels':{'kind':'shop','zone':'north'},'quota':{'day':5},"
     "'lines':[{'sku':'A-1'},{'sku':'B-2'}],'address':{'city':'Hanoi','geo':{'lat':21.5}},"
     "'mail':'post','pin':'hidden1'}",
     3,
     10 * DAY,
     12 * DAY,
     0},
    {"default",
     "c-2",
     "bob",
     "{'business_name':'DEF3','name':'Delta 50% off_','system_entity':false,'employees':-7,'rating':-0.25,"
     "'revenue':'-3.00','founded':'2001-02-03','opened_at':'2020-01-01T00:00:00.000001Z',"
     "'owner':'0190a1b2-0000-7000-8000-00000000000b','status':'draft','tags':['red'],'marks':[],"
     "'shares':[],'labels':{},'quota':{},'lines':[],'address':{'city':'hanoi','geo':{'lat':-1.0}},'mail':'x','pin':'9'"
     "}",
     1,
     11 * DAY,
     11 * DAY,
     0},
    {"default",
     "c-3",
     "ann",
     "{'business_name':'XYZ Corp','name':'Xylophones and Zithers','system_entity':true,'employees':9007199254740993,"
     "'rating':1e300,'revenue':'99999999999999.99','founded':'1970-01-01','opened_at':'1969-12-31T23:59:59.999999Z',"
     "'owner':'0190a1b2-0000-7000-8000-00000000000a','status':'closed','tags':['green','blue','red'],'marks':[3],"
     "'shares':['1.000'],'labels':{'kind':'mill'},'quota':{'day':5,'week':30},'lines':[{'sku':'A-1'}],"
     "'address':{'city':'Saigon','geo':{'lat':10.75}},'mail':'y','pin':'8'}",
     20,
     9 * DAY,
     30 * DAY,
     0},
    /* nothing but what must be there: all optional fields are null */
    {"default",
     "c-4",
     "",
     "{'system_entity':false,'tags':[],'marks':[],'shares':[],'labels':{},'quota':{},'lines':[]}",
     1,
     12 * DAY,
     12 * DAY,
     0},
    {"default",
     "c-5",
     "carl",
     "{'business_name':'\\u00c4pfel \\u0026 \\u00d6l','name':'\\u0110\\u00e0 N\\u1eb5ng \\u5317\\u4eac xyz corp xyz',"
     "'system_entity':false,'employees':12,'rating':0.0,'revenue':'0.00','founded':'2000-01-01',"
     "'opened_at':'2020-06-01T12:00:00.500000Z','owner':null,'status':'active','tags':['\\u00c4','a\\u0000b'],"
     "'marks':[12,-12],'shares':['0.500'],'labels':{'':'','k\\u0000':'v'},'quota':{'day':6},"
     "'lines':[{'sku':'C-3','extra':{'deep':[1,2,{'x':1.0}]}}],'address':{'city':'','geo':{'lat':0}},"
     "'mail':'','pin':''}",
     2,
     13 * DAY,
     14 * DAY,
     0},
    {"default",
     "c-6",
     "bob",
     "{'business_name':'Gone "
     "Ltd','name':'removed','system_entity':true,'employees':1,'tags':['red'],'status':'closed'}",
     4,
     1 * DAY,
     2 * DAY,
     3 * DAY},
    {"other",
     "c-1",
     "eve",
     "{'business_name':'ABC1','name':'of another realm','system_entity':true,'employees':12,'tags':['red','blue']}",
     1,
     10 * DAY,
     10 * DAY,
     0},
    {"default",
     "C-7",
     "Ann",
     "{'business_name':'abc1','name':'O\\u0027Neil; DROP TABLE \\u0022x\\u0022 -- \\\\','system_entity':true,"
     "'employees':0,'rating':4.5,'revenue':'1000.5','tags':['\\u0027','\\u0022'],'labels':{'kind':'shop'},"
     "'address':{'city':'HANOI'}}",
     1,
     10 * DAY,
     10 * DAY,
     0},
};

struct buffer sample_msgpack(const char *json)
{
    struct buffer text = {0}, out = {0};
    buffer_append_text(&text, json);
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\'')
            text.data[i] = '"';
    struct json_fault fault;
    if (json_to_msgpack(buffer_slice(&text), &out, &fault) != error_none) {
        fprintf(stderr, "%s at %zu of %s\n", error_text(fault.error), fault.offset, json);
        abort();
    }
    buffer_fini(&text);
    return out;
}

struct reader sample_page(const struct row_page *page, struct buffer *memory)
{
    struct reader reader;
    uint32_t count;
    buffer_clear(memory);
    if (json_to_msgpack(buffer_slice(&page->rows), memory, NULL) != error_none)
        abort();
    reader = reader_of(buffer_slice(memory));
    if (reader_array(&reader, &count) != error_none || count != page->count)
        abort();
    return reader;
}

void sample_model(struct model *out)
{
    struct buffer map = sample_msgpack(resource);
    if (model_from_resource(slice_text("crm"), buffer_slice(&map), out) != error_none)
        abort();
    buffer_fini(&map);
}

struct row sample_row(size_t i, struct buffer *data)
{
    const struct sample_row *row = &sample_rows[i];
    *data = sample_msgpack(row->data);
    return (struct row){.realm = slice_text(row->realm),
                        .id = slice_text(row->id),
                        .creator = slice_text(row->creator),
                        .updater = slice_text(row->creator),
                        .version = row->version,
                        .created_us = row->created_us,
                        .updated_us = row->updated_us,
                        .deleted_us = row->deleted_us,
                        .data = buffer_slice(data)};
}
